import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { letGo } from "../../../cli/deploy/data-volumes.ts";
import type { Deployment } from "../../../cli/deploy/stack-state.ts";
import { checkProgram } from "../../../cli/policy/check.ts";
import { stackValues } from "../../../cli/stack-file/stack-values.ts";
import { preview } from "../../../engine/index.ts";
import { noCli, RecordedCli } from "./recorded-cli.ts";
import { RecordedStack } from "./recorded-stack.ts";

// An earlier version protected each volume with data. Here all parts that may leave have left the stack file before this
// version's first update.

const leave = (config: Record<string, unknown>) => {
  config["berth:publish"] = { http: 18_480 };
  config["berth:logs"] = { driver: "json-file" };
  config["berth:registry"] = { owner: "acme", username: "acme" };
  config["berth:registryPassword"] = config["berth:alertWebhook"];
  config["berth:postgres"] = {};
  config["berth:monitoring"] = { host: "prometheus.example.com" };
  (config["berth:apps"] as Record<string, unknown>) = { shop: { env: { THEME: "dark" } } };
  for (const key of ["berth:tls", "berth:developer", "berth:backupKey", "berth:alertWebhook"]) delete config[key];
};
const gone = ["grafana-data", "log-collector-data", "loki-data", "notes-volume-data", "postgres-backups", "registry-data", "traefik-certificates"].map((name) => `${name}-volume`);
const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

/** The volumes that have left the program, as `./berth up` finds them. */
async function left({ name, folder, stateFile }: RecordedStack): Promise<string[]> {
  const { deployment } = JSON.parse(readFileSync(stateFile, "utf8")) as { deployment: Deployment };
  const { asked, findings } = await checkProgram({ folder, stack: name, ...stackValues(folder, name), cache: join(folder, "cache") });
  assert.deepEqual(findings.filter(({ level }) => level === "mandatory"), [], "the policy lets it through");
  return letGo(deployment, asked);
}

test("the embedded engine lets exactly the volumes go that left the stack file, and no other that is protected", async () => {
  using stack = new RecordedStack("embedded");
  stack.configure(leave);
  const { name, passphrase, stateFile, folder } = stack;
  const [urns, run] = [await left(stack), { projectDir: folder, stack: name, passphrase, stateFile }];
  assert.deepEqual(urns.map(nameOf).toSorted(), gone);
  await assert.rejects(preview({ ...run, letGo: urns.slice(1) }), /cannot be deleted, because it is protected/);
  const { steps } = await preview({ ...run, letGo: urns });
  const volumes = steps.filter(({ urn, op, phase }) => phase === "done" && stack.dataVolumes.includes(urn) && op !== "same");
  assert.deepEqual(volumes.map(({ urn, op }) => `${op} ${nameOf(urn)}`).toSorted(), gone.map((volume) => `delete ${volume}`));
});

test("the Pulumi CLI previews as much, and once they are unprotected a plain update does it", { skip: noCli }, async () => {
  using stack = new RecordedStack("pulumi");
  stack.configure(leave);
  await using cli = await RecordedCli.of(stack);
  const urns = await left(stack);
  assert.deepEqual(urns.map(nameOf).toSorted(), gone);
  const touched = ({ steps }: Awaited<ReturnType<typeof cli.preview>>) => steps.filter(({ urn, op }) => stack.dataVolumes.includes(urn) && op !== "same").map(({ urn, op }) => `${op} ${nameOf(urn)}`).toSorted();
  const told = await cli.preview("--ignore-protect");
  assert.deepEqual(touched(told), gone.map((volume) => `delete ${volume}`));
  await cli.run("state", "unprotect", "--yes", ...urns);
  assert.deepEqual(touched(await cli.preview()), touched(told));
});
