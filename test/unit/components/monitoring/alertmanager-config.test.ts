import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { alertsOf } from "../../../../components/monitoring/alert-rules.ts";
import { type Receivers, renderAlertmanagerConfig } from "../../../../components/monitoring/alertmanager-config.ts";

interface File {
  route: { receiver: string; routes: { matchers: string[]; receiver: string }[] };
  inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
  receivers: { name: string; webhook_configs?: object[]; email_configs?: object[] }[];
}
const render = (receivers: Receivers) => parse(renderAlertmanagerConfig(receivers)) as File;
const mail = { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587" };
const hook = { url_file: "/run/secrets/webhook", send_resolved: true };

describe("alertmanager.yml", () => {
  test("sends everything by both ways, and the dead-man's switch to the webhook alone", () => {
    const { route, receivers } = render({ webhook: true, mail });
    assert.equal(route.receiver, "people");
    assert.deepEqual(route.routes.map(({ matchers, receiver }) => [matchers, receiver]), [[['alertname="DeadMansSwitch"'], "switch"]]);
    const { to, from, host } = mail;
    assert.deepEqual(receivers, [
      { name: "people", webhook_configs: [hook], email_configs: [{ to, from, smarthost: host, send_resolved: true }] },
      { name: "switch", webhook_configs: [hook] },
    ]);
  });

  test("sends by one way where there is one, and the switch nowhere without a webhook", () => {
    assert.deepEqual(render({ webhook: true }).receivers, [{ name: "people", webhook_configs: [hook] }, { name: "switch", webhook_configs: [hook] }]);
    assert.deepEqual(render({ mail }).receivers.map((receiver) => Object.keys(receiver)), [["name", "email_configs"], ["name"]]);
  });

  test("logs in where there is a user name, with a password from a file", () => {
    const [people] = render({ mail: { ...mail, username: "berth" } }).receivers;
    const [sent] = people?.email_configs ?? [];
    assert.deepEqual(sent, { to: mail.to, from: mail.from, smarthost: mail.host, send_resolved: true, auth_username: "berth", auth_password_file: "/run/secrets/mail-password" });
  });

  test("speaks TLS from the start at port 465, by STARTTLS at others, and trusts a private authority where there is one", () => {
    const sent = (more: object) => render({ mail: { ...mail, ...more } }).receivers[0]?.email_configs?.[0] as { require_tls?: boolean; tls_config?: object };
    assert.equal(sent({}).require_tls, undefined);
    assert.equal(sent({ host: "smtp.example.com:465" }).require_tls, false);
    assert.deepEqual(sent({ authority: "PEM" }).tls_config, { ca_file: "/etc/berth/mail-authority.pem" });
  });

  test("holds back alerts that there are, by alerts that there are", () => {
    const names = alertsOf({ applications: [], schedulers: [] }).map(({ alert }) => `alertname="${alert}"`);
    const { inhibit_rules: rules } = render({ webhook: true });
    for (const { source_matchers, target_matchers } of rules) for (const matcher of [...source_matchers, ...target_matchers]) assert.ok(names.includes(matcher), matcher);
  });
});
