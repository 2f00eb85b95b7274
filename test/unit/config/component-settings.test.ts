import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { logWarnings } from "../../../config/checks/logs.ts";
import { componentSettings } from "../../../config/component-settings.ts";
import { checkConfig } from "../../../config/config.ts";
import { configFiles } from "../../../config/config-files.ts";
import { releaseOrigin } from "../../../config/release-origin.ts";
import { rawConfig, shop, type StackFile } from "./raw-config.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-settings-"));
after(() => rmSync(folder, { recursive: true }));

function settingsOf(file: StackFile, definition = shop) {
  const { config, problems } = checkConfig(rawConfig(file), file.values?.["berth:apps"] === undefined ? {} : { shop: definition });
  assert.deepEqual(problems, []);
  return componentSettings(config ?? assert.fail());
}

const secretValue = async (value: pulumi.Input<string> | undefined) => {
  assert.equal(await pulumi.isSecret(pulumi.output(value)), true);
  return await new Promise((resolve) => void pulumi.output(value).apply(resolve));
};

describe("settings as components take them", () => {
  test("have sizes in MiB", () => {
    const { postgres, redis, logs, apps, sizes } = settingsOf({
      values: { "berth:postgres": { memory: "1GiB" }, "berth:logs": { driver: "json-file", size: "20MiB" }, "berth:sizes": { traefik: { memory: "1GiB" }, loki: { cpus: 2 }, grafana: {} }, "berth:apps": { shop: { memory: "64MiB" } }, "berth:secrets": "generate" },
    });
    assert.deepEqual([postgres.memory, redis.memory, "size" in logs && logs.size, apps[0]?.memory], [1024, 128, 20, 64]);
    assert.deepEqual(sizes, { traefik: { memory: 1024 }, loki: { cpus: 2 }, grafana: {} });
  });

  test("have each secret beside what it belongs to, as a secret", async () => {
    const s3 = { bucket: "acme-backups", endpoint: "s3.example.com" };
    const { registry, postgres, monitoring } = settingsOf({
      values: {
        "berth:registry": { owner: "acme", username: "acme" },
        "berth:postgres": { backup: { target: { s3 } } },
        "berth:monitoring": { alerts: { webhook: true, mail: { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587", username: "berth" } } },
      },
      secrets: {
        "berth:registryPassword": "of-the-registry",
        "berth:backupKey": "passphrase-of-the-backups",
        "berth:s3Key": "key-of-the-bucket",
        "berth:s3Secret": "secret-of-the-bucket",
        "berth:alertWebhook": "https://alerts.example.com/hook",
        "berth:mailPassword": "of-the-mail-server",
      },
    });
    const { key, s3Keys } = postgres.backup ?? assert.fail();
    const { webhookUrl, mailPassword } = monitoring.alerts ?? assert.fail();
    const values = ["password" in registry ? registry.password : undefined, key, s3Keys?.key, s3Keys?.secret, webhookUrl, mailPassword];
    assert.deepEqual(await Promise.all(values.map(secretValue)), [
      "of-the-registry",
      "passphrase-of-the-backups",
      "key-of-the-bucket",
      "secret-of-the-bucket",
      "https://alerts.example.com/hook",
      "of-the-mail-server",
    ]);
  });

  test("have the folders of Berth's own images with their commits, or the digest that the stack file names", () => {
    const built = `ghcr.io/acme/berth-tools@sha256:${"a".repeat(64)}`;
    const project = join(import.meta.dirname, "../../..");
    const { tools, postgres } = settingsOf({ values: { "berth:images": { tools: built }, "berth:postgres": { backup: { target: "volume" } } }, secrets: { "berth:backupKey": "passphrase-of-the-backups" } });
    assert.deepEqual(tools, { context: join(project, "images/tools"), built });
    const { context, labels } = (postgres.backup ?? assert.fail()).source as { context: string; labels: Record<string, string> };
    assert.equal(context, `${project}/components/../images/postgres`, "as stacks have it in their state");
    assert.match(labels["org.opencontainers.image.revision"] ?? "", /^[0-9a-f]{40}/);
  });

  test("have the text of an application's configuration files, and of no folder below", () => {
    mkdirSync(join(folder, "config", "deeper"), { recursive: true });
    writeFileSync(join(folder, "config", "production.toml"), "level = 1\n");
    const { apps } = settingsOf({ values: { "berth:apps": { shop: {} }, "berth:secrets": "generate" } }, { ...shop, context: folder, config: { directory: "config", target: "/etc/shop" } });
    assert.deepEqual(apps[0]?.configFiles, { "production.toml": "level = 1\n" });
    assert.throws(() => configFiles("/apps/shop/nowhere"), /\/apps\/shop\/nowhere can't be read[^]*`config` in its app\.ts/);
  });
});

test("of a stack whose builds are quick, an image says so where its application is built in another way, and else is what it was", () => {
  const both = { ...shop, buildArgs: { OPT_LEVEL: "3", EDITION: "small" }, quickArgs: { OPT_LEVEL: "0" } };
  const built = (builds: string, definition = shop) => {
    const { apps } = settingsOf({ values: { "berth:apps": { shop: {} }, "berth:secrets": "generate", "berth:environment": "dev", "berth:builds": builds } }, definition);
    return [apps[0]?.definition.buildArgs, apps[0]?.labels];
  };
  assert.deepEqual(built("quick", both), [{ OPT_LEVEL: "0", EDITION: "small" }, { "berth.builds": "quick" }]);
  assert.deepEqual(built("careful", both), [both.buildArgs, {}]);
  assert.deepEqual(built("quick"), built("careful"));
});

test("of applications that are not applied no folder is read, and the platform is made for those that are known", () => {
  const names = ["shop", "other", "new"];
  const { config } = checkConfig(rawConfig({ values: { "berth:apps": Object.fromEntries(names.map((name) => [name, {}])), "berth:secrets": "generate" } }), Object.fromEntries(names.map((name) => [name, name === "shop" ? shop : { ...shop, config: { directory: "/nowhere", target: "/etc/x" } }])));
  const { apps, known, others } = componentSettings(config ?? assert.fail(), { apps: ["shop"], known: ["shop", "other"] });
  assert.deepEqual([apps.map(({ name }) => name), known.map(({ name }) => name), others], [["shop"], ["shop", "other"], ["other"]]);
});

test("a syslog server by TCP is warned of, since no container starts while it is away", () => {
  const logs = (address: string) => ({ driver: "syslog" as const, address, facility: "daemon" as const });
  assert.match(logWarnings({ logs: logs("tcp://logs.example.com:514") }).join(), /berth:logs\.address is tcp:\/\/logs\.example\.com:514/);
  assert.deepEqual(logWarnings({ logs: logs("udp://logs.example.com:514") }), []);
  assert.deepEqual(logWarnings({ logs: { driver: "json-file", size: "10MiB", files: 3 } }), []);
});

test("a release comes from whoever runs the workflow, else from git's user, and from this commit", () => {
  const project = join(import.meta.dirname, "../../..");
  assert.equal(releaseOrigin(project, { GITHUB_ACTOR: "ada" }).by, "ada");
  const { by, from } = releaseOrigin(project, {});
  assert.notEqual(by, "");
  assert.match(String(from.revision), /^[0-9a-f]{40}$/);
  assert.equal(releaseOrigin(folder, {}).from.revision, undefined);
});
