import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { preview, type StepEvent, up } from "../../engine/index.ts";
import { RecordedStack } from "./earlier-version/recorded-stack.ts";
import { PretendHost } from "./pretend-host.ts";

// Whatever can be switched on in a stack file can be switched off again, and on: the whole program, by the embedded engine,
// with no word of `./berth` beside it, as plain `pulumi up` has none. Each update takes one part out, and brings the last one
// back. Of the recorded stack of an earlier version only the stack file and the applications are used, as they have every part.

type Config = Record<string, unknown>;
type Part = [name: string, off: (config: Config) => void, volumes: string[]];

const group = (config: Config, key: string) => config[`berth:${key}`] as Config;
const app = (name: string) => (config: Config) => {
  delete group(config, "apps")[name];
  for (const key of Object.keys(config)) if (key.startsWith(`${name}:`)) delete config[key];
};
const bucket = { s3: { bucket: "acme-backups", endpoint: "s3.example.com" } };

/** Each part, what takes it out of the stack file, and the volumes whose data stays. */
const parts: Part[] = [
  ["an application with a volume", app("notes"), ["notes-volume-data"]],
  ["an application with database, cache, schedule, job and a way out", app("shop"), []],
  ["an application with a cache alone, and one with a database alone", (config) => [app("counter"), app("ledger")].forEach((off) => off(config)), []],
  ["Grafana", (config) => void delete group(config, "monitoring")["grafana"], ["grafana-data"]],
  ["alerts, Prometheus' address, and tools for developers", (config) => {
    for (const key of ["alerts", "host"]) delete group(config, "monitoring")[key];
    delete config["berth:developer"];
  }, []],
  ["Loki and the log collector", (config) => (config["berth:logs"] = { driver: "json-file" }), ["log-collector-data", "loki-data"]],
  ["HTTPS", (config) => {
    config["berth:publish"] = { http: 18_480 };
    delete config["berth:tls"];
  }, ["traefik-certificates"]],
  ["the registry", (config) => {
    config["berth:registry"] = { owner: "acme", username: "acme" };
    config["berth:registryPassword"] = config["berth:backupKey"];
  }, ["registry-data"]],
  ["the backups", (config) => void (config["berth:postgres"] = {}), ["postgres-backups", "snapshots-repository"]],
  ["fixed subnets", (config) => void delete config["berth:networks"], []],
  ["the backups' target", (config) => {
    config["berth:postgres"] = { backup: { target: bucket } };
    config["berth:s3Key"] = config["berth:s3Secret"] = config["berth:backupKey"];
  }, ["postgres-backups", "snapshots-repository"]],
];

const needs = (more: string) => `export default { context: import.meta.dirname, worker: { command: ["sleep", "infinity"], health: ["true"] }, ${more} };\n`;

let stack: RecordedStack;
let host: PretendHost;
let whole: Config = {};
let first: { running: string[]; data: Record<string, string> };

before(async () => {
  stack = new RecordedStack("embedded");
  host = await PretendHost.at(stack.socket);
  for (const [name, more] of [["counter", "cache: true"], ["ledger", "database: true"]] as const) {
    mkdirSync(join(stack.folder, "apps", name));
    writeFileSync(join(stack.folder, "apps", name, "app.ts"), needs(more));
    writeFileSync(join(stack.folder, "apps", name, "Dockerfile"), "FROM scratch\n");
  }
  // Builds nothing, and says that it did.
  const buildx = `#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && echo '{"containerimage.digest":"sha256:${"1".repeat(64)}"}' > "$2"; shift; done\nexit 0\n`;
  writeFileSync(join(stack.folder, "docker"), buildx);
  chmodSync(join(stack.folder, "docker"), 0o755);
  stack.configure((config) => {
    Object.assign(group(config, "apps"), { counter: {}, ledger: {} });
    config["berth:networks"] = { edge: "10.90.1.0/24", monitoring: "10.90.2.0/24" };
    whole = structuredClone(config);
  });
  await run(up);
  first = { running: running(), data: data() };
});
after(async () => {
  await host?.[Symbol.asyncDispose]();
  stack?.[Symbol.dispose]();
});

async function run(command: typeof up, off: (config: Config) => void = () => {}) {
  stack.configure((config) => {
    for (const key of Object.keys(config)) delete config[key];
    Object.assign(config, structuredClone(whole));
    off(config);
  });
  const { name, passphrase, folder } = stack;
  const environment = { PATH: `${folder}${delimiter}${process.env["PATH"]}` };
  return await command({ projectDir: folder, stack: name, passphrase, stateFile: join(folder, "leaving.json"), environment });
}

const steps = (told: readonly StepEvent[]) => told.filter(({ phase, op }) => phase === "done" && op !== "same").map(({ op, urn }) => `${op} ${urn}`).toSorted();
const data = () => Object.fromEntries([...host.volumes.values()].filter(({ Labels }) => Labels["berth.role"] === "data").map(({ Name, CreatedAt }) => [Name, CreatedAt]));
const running = () => [...host.containers.values()].map(({ name }) => name.replace(/-[0-9a-f]{7}$/, "")).toSorted();

for (const [index, [name, off, volumes]] of parts.entries()) {
  const last = parts[index - 1]?.[0];
  test(`off: ${name}${last === undefined ? "" : `; on again: ${last}`}`, async () => {
    const kept = data();
    const told = new Set(steps((await run(preview, off)).steps));
    const gone = (await run(up, off)).steps;
    assert.deepEqual(steps(gone).filter((step) => !told.has(step)), [], "the preview has named all that up does");
    const left = volumes.filter((volume) => gone.some(({ op, urn, phase }) => phase === "done" && op === "delete" && urn.endsWith(`::${volume}-volume`)));
    assert.deepEqual(left, volumes, "its volumes leave the stack");
    assert.deepEqual(Object.fromEntries(Object.entries(data()).filter(([volume]) => volume in kept)), kept, "no volume with data goes, and none is made anew");
  });
}

test("with all of it back, all is as it was at first; the next update changes nothing, and nothing is left on the host", async () => {
  await run(up);
  assert.deepEqual(running(), first.running);
  assert.deepEqual(data(), first.data);
  assert.deepEqual(steps((await run(up)).steps), []);
  const { deployment } = JSON.parse(readFileSync(join(stack.folder, "leaving.json"), "utf8")) as { deployment: { resources: { id?: string }[] } };
  const known = new Set(deployment.resources.map(({ id }) => id));
  assert.deepEqual([...host.containers.keys(), ...host.networks.keys(), ...host.volumes.keys()].filter((id) => !known.has(id)), []);
});

test("on a new Docker host all of it is made again", async () => {
  for (const things of [host.containers, host.networks, host.volumes]) things.clear();
  await run(up);
  assert.deepEqual(running(), first.running);
  assert.deepEqual(Object.keys(data()).toSorted(), Object.keys(first.data).toSorted());
  assert.deepEqual(steps((await run(up)).steps), []);
});
