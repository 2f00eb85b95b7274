import { stringify } from "yaml";

/** Where alerts are sent; at least one of both. */
export interface Receivers {
  /** The address is a secret in a file. @default none */
  webhook?: boolean;
  /** @default none */
  mail?: Mail;
}

export interface Mail {
  to: string;
  from: string;
  /** Server and port, for example `smtp.example.com:587`. It must speak TLS. */
  host: string;
  /** Login; its password is a secret in a file. @default none */
  username?: string | undefined;
  /** PEM of the authority behind the server's certificate. @default one that everybody trusts */
  authority?: string;
}

/** File of the mail server's authority, beside alertmanager.yml. */
export const mailAuthority = "mail-authority.pem";

/** Files of Alertmanager's secrets. */
export const alertSecrets = { webhook: "webhook", mail: "mail-password" };
const directory = "/run/secrets";

/**
 * alertmanager.yml.
 *
 * What belongs together is one message. It is said again after 4 h, and once more when it is over. The dead-man's switch
 * goes to the webhook alone, every 5 minutes: nobody reads such mails, and what waits for it has to be a program.
 */
export function renderAlertmanagerConfig({ webhook = false, mail }: Receivers): string {
  const hook = webhook ? { webhook_configs: [{ url_file: `${directory}/${alertSecrets.webhook}`, send_resolved: true }] } : {};
  return stringify({
    route: {
      receiver: "people",
      group_by: ["alertname", "app", "service"],
      group_wait: "10s",
      group_interval: "1m",
      repeat_interval: "4h",
      routes: [{ matchers: ['alertname="DeadMansSwitch"'], receiver: "switch", group_wait: "0s", repeat_interval: "5m" }],
    },
    // Of two alerts with one cause, the graver one.
    inhibit_rules: [
      inhibit("ServiceDown", "ServerDown", ["service"]),
      inhibit("ServiceDown", "ServiceErrors", ["service"]),
      inhibit("CertificateExpires", "CertificateExpiresSoon", ["cn", "site"]),
      inhibit("DiskAlmostFull", "DiskFullSoon", ["instance"]),
    ],
    receivers: [
      { name: "people", ...hook, ...(mail !== undefined && { email_configs: [email(mail)] }) },
      { name: "switch", ...hook },
    ],
  });
}

function email({ to, from, host, username, authority }: Mail) {
  return {
    to,
    from,
    smarthost: host,
    send_resolved: true,
    // At this port TLS comes first; Alertmanager would ask for it a second time.
    ...(host.endsWith(":465") && { require_tls: false }),
    ...(authority !== undefined && { tls_config: { ca_file: `/etc/berth/${mailAuthority}` } }),
    ...(username !== undefined && { auth_username: username, auth_password_file: `${directory}/${alertSecrets.mail}` }),
  };
}

function inhibit(source: string, target: string, equal: string[]) {
  return { source_matchers: [`alertname="${source}"`], target_matchers: [`alertname="${target}"`], equal };
}
