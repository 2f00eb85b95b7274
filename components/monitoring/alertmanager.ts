import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { alertSecrets, mailAuthority, type Receivers, renderAlertmanagerConfig } from "./alertmanager-config.ts";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { Volume } from "../docker/volume.ts";

/** Where alerts are sent, with the secrets. */
export interface Alerts extends Receivers {
  /** Network with a way out, by name. */
  network: pulumi.Input<string>;
  /** Address of the webhook. @default none */
  webhookUrl?: pulumi.Input<string>;
  /** Password of the mail server's login. @default none */
  mailPassword?: pulumi.Input<string>;
}

export interface AlertmanagerArgs {
  platform: Platform;
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
  alerts: Alerts;
}

const nobody = "65534:65534";

/**
 * Alertmanager: sends Prometheus's alerts to a webhook and by mail.
 *
 * It has no login, so it listens on the monitoring network alone, by its name there; the other network is its way out.
 * Silences and what was sent already are on a volume.
 *
 * @example
 * const alertmanager = new Alertmanager("alertmanager", { platform, network: networks.monitoring, alerts: { webhook: true, webhookUrl, network: networks.egress } });
 */
export class Alertmanager extends pulumi.ComponentResource {
  /** `host:port` on the monitoring network. */
  readonly target: string;
  /** Name of the container, known once it is healthy. */
  readonly containerName: pulumi.Output<string>;

  constructor(name: string, args: AlertmanagerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Alertmanager", name, {}, opts);
    const { platform, network, alerts } = args;
    this.target = `${name}:9093`;
    const child = { parent: this };
    const data = new Volume(`${name}-data`, { platform, owner: 65_534 }, child);
    const { authority } = alerts.mail ?? {};
    const files = { "alertmanager.yml": renderAlertmanagerConfig(alerts), ...(authority !== undefined && { [mailAuthority]: authority }) };
    const config = new Files(`${name}-config`, { platform, files }, child);
    const secrets = new Files(`${name}-secret`, { platform, files: secretFiles(alerts) }, child);
    this.containerName = new docker.Container(
      name,
      {
        image: platform.image("alertmanager"),
        entrypoints: ["alertmanager"],
        command: [
          "--config.file=/etc/berth/alertmanager.yml",
          "--storage.path=/alertmanager",
          `--web.listen-address=${this.target}`,
          // One Alertmanager; without this it would listen for others.
          "--cluster.listen-address=",
        ],
        user: nobody,
        mounts: [data.mount("/alertmanager"), config.mount("/etc/berth"), secrets.mount("/run/secrets")],
        networksAdvanced: [{ name: network, aliases: [name] }, { name: alerts.network }],
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://${this.target}/-/healthy`], { stopGrace: 10 }),
        ...hardened(sizeOf(platform, "alertmanager")),
        ...logged(platform, name),
      },
      containerOptions(this, false),
    ).name;
    this.registerOutputs({ containerName: this.containerName });
  }

  /** A command on the Docker host that lists the alerts that fire. */
  list(): pulumi.Output<string> {
    return pulumi.interpolate`docker exec ${this.containerName} amtool --alertmanager.url=http://${this.target} alert`;
  }
}

/** @throws pulumi.RunError for a secret that is not there; config.ts has checked before. */
function secretFiles({ webhook, webhookUrl, mail, mailPassword }: Alerts): Record<string, pulumi.Output<string>> {
  const files: Record<string, pulumi.Output<string>> = {};
  const add = (file: string, value: pulumi.Input<string> | undefined) => {
    if (value === undefined) throw new pulumi.RunError(`alerts need the secret ${file}`);
    files[file] = pulumi.secret(value);
  };
  if (webhook === true) add(alertSecrets.webhook, webhookUrl);
  if (mail?.username !== undefined) add(alertSecrets.mail, mailPassword);
  return files;
}
