import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse, stringify } from "yaml";
import { Crypter } from "../../../pulumi/secrets.ts";
import type { Preview } from "../../../cli/preview/model.ts";
import { Project } from "../project.ts";

let project: Project;

before(async () => {
  project = await Project.create("prod");
});
after(async () => project[Symbol.asyncDispose]());

const prodFile = () => join(project.dir, "Pulumi.prod.yaml");

test("the committed prod stack says which secrets it lacks, and how to set them", async () => {
  const run = await project.berth(["preview", "-s", "prod"]);
  assert.notEqual(run.code, 0);
  assert.match(run.output, /root:ROOT_SECRET in stack "prod" is nothing/);
  assert.match(run.output, /pulumi config set -s prod --secret root:ROOT_SECRET/);
  assert.match(run.output, /berth:registryPassword in stack "prod" is nothing/);
});

const namespaces = process.getuid?.() === 0 ? false : "needs root for a network namespace";
test("with placeholder secrets the whole plan of prod is shown, where no engine, registry or network can be reached", { skip: namespaces }, async () => {
  const passphrase = String(project.environment["PULUMI_CONFIG_PASSPHRASE"]);
  const crypter = await Crypter.create(passphrase);
  const file = parse(readFileSync(prodFile(), "utf8")) as { config: Record<string, unknown> };
  const secure = (text: string) => ({ secure: crypter.encrypt(text) });
  const { output: report } = await project.berth(["preview", "-s", "prod"]);
  const lacking = [...report.matchAll(/^ *(\S+) in stack "prod" is nothing$/gm)].map(([, key = ""]) => key);
  assert.ok(lacking.length > 1, report);
  for (const key of lacking) file.config[key] = secure("placeholder-placeholder-placeholder");
  project.write("Pulumi.prod.yaml", stringify({ encryptionsalt: crypter.salt, ...file }));
  // Loopback only: the Pulumi CLI and its plugins talk to each other there.
  const script = "ip link set lo up && exec ./berth preview -s prod --json";
  const plan = execFileSync("unshare", ["--net", "sh", "-c", script], {
    cwd: project.dir,
    env: { ...project.environment, DOCKER_HOST: "unix:///nonexistent/docker.sock" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 ** 2,
  });
  const { changes, byHand, capacity } = JSON.parse(plan) as Pick<Preview, "changes" | "byHand" | "capacity">;
  // Of a stack that was never applied nothing can have been changed by hand.
  assert.deepEqual([byHand, capacity.host], [[], undefined]);
  assert.deepEqual(Object.keys(changes), ["create"]);
  assert.ok((changes["create"] ?? 0) > 80, `${changes["create"]} to create`);
  assert.ok(!plan.includes("placeholder"));
});
