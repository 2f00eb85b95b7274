import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type Dockerode from "dockerode";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";
import { PulumiDeployer } from "../../../../cli/deploy/pulumi.ts";
import { findStrays, removeStrays } from "../../../../cli/deploy/strays.ts";
import { Project } from "../../../../cli/project.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-strays-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\n");
writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {}\n");

const stateFile = join(folder, "state.json");
const callsFile = join(folder, "calls.txt");
const command = join(folder, "pulumi");
// As the CLI does it: a refresh works on the state of its own moment, and an import replaces that state. After the first
// export another update ends, which records one container more.
writeFileSync(
  command,
  `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require("node:fs");
const args = process.argv.slice(2);
const read = () => JSON.parse(readFileSync(${JSON.stringify(stateFile)}, "utf8"));
const write = (state) => writeFileSync(${JSON.stringify(stateFile)}, JSON.stringify(state));
const first = !existsSync(${JSON.stringify(callsFile)});
appendFileSync(${JSON.stringify(callsFile)}, args.join(" ") + "\\n");
const state = read();
if (args[1] === "export") console.log(JSON.stringify({ version: 3, deployment: state }));
else if (args[1] === "import") write(JSON.parse(readFileSync(args[args.indexOf("--file") + 1], "utf8")).deployment);
else if (args[0] === "refresh" && process.env.LOCKED) {
  console.error("error: the stack is currently locked by 1 lock(s). file.json: created by ada@elsewhere (pid 7) at 2026-01-01T00:00:00Z");
  process.exit(1);
} else if (args.includes("--clear-pending-creates")) write({ ...state, pending_operations: state.pending_operations.filter(({ type }) => type !== "creating") });
if (first) write({ ...read(), resources: [...read().resources, ${JSON.stringify(container("late", "c-late"))}] });
`,
);
chmodSync(command, 0o755);

function container(name: string, id?: string) {
  return { urn: `urn:pulumi:prod::berth::docker:index/container:Container::${name}`, type: "docker:index/container:Container", custom: true, ...(id !== undefined && { id }), inputs: { name: `${name}-0a1b2c3` } };
}

const state: Deployment = {
  resources: [
    { urn: "urn:pulumi:prod::berth::pulumi:pulumi:Stack::berth-prod", type: "pulumi:pulumi:Stack" },
    container("known", "c-known"),
    { urn: "urn:pulumi:prod::berth::docker:index/service:Service::web", type: "docker:index/service:Service", custom: true, id: "s-web" },
  ],
  pending_operations: [
    { type: "creating", resource: container("half") },
    { type: "creating", resource: container("late") },
    { type: "creating", resource: { urn: "urn:pulumi:prod::berth::docker:index/network:Network::edge", type: "docker:index/network:Network", inputs: { name: "berth-prod-edge" } } },
    { type: "creating", resource: { urn: "urn:pulumi:prod::berth::docker:index/service:Service::api", type: "docker:index/service:Service", inputs: { name: "api-0a1b2c3" } } },
    { type: "deleting", resource: container("mine") },
  ],
};

/** A host with what the state knows, what its records name, and what neither does. */
function host(inSwarm = true) {
  const removed: string[] = [];
  const listed = (Id: string, name: string, Labels: Record<string, string> = {}) => ({ Id, Names: [`/${name}`], Labels });
  const part = (id: string) => ({ stop: () => Promise.resolve(), remove: () => Promise.resolve(removed.push(id)) });
  const docker = {
    listContainers: () =>
      Promise.resolve([
        listed("c-known", "known-0a1b2c3"),
        listed("c-half", "half-0a1b2c3"),
        listed("c-late", "late-0a1b2c3"),
        listed("c-mine", "mine-0a1b2c3"),
        listed("c-named-as-network", "berth-prod-edge"),
        listed("c-task", "web.1.x", { "com.docker.swarm.service.id": "s-web" }),
        listed("c-task-of-half", "api-0a1b2c3.1.x", { "com.docker.swarm.service.id": "s-api" }),
        listed("c-restore", "prod-restore", { "berth.role": "restore" }),
      ]),
    listNetworks: () => Promise.resolve([{ Id: "n-edge", Name: "berth-prod-edge" }, { Id: "n-mine", Name: "mine" }]),
    listServices: () =>
      inSwarm
        ? Promise.resolve([{ ID: "s-web", Spec: { Name: "web" } }, { ID: "s-api", Spec: { Name: "api-0a1b2c3" } }])
        : Promise.reject(Object.assign(new Error("This node is not a swarm manager"), { statusCode: 503 })),
    getContainer: part,
    getNetwork: part,
    getService: part,
  };
  return { docker: docker as unknown as Dockerode, removed };
}

function deployer(environment: NodeJS.ProcessEnv = {}) {
  writeFileSync(stateFile, JSON.stringify(state));
  rmSync(callsFile, { force: true });
  const backend = { url: "file:///state", reason: "test", isNamed: true, variables: {} };
  return new PulumiDeployer({ project: new Project(folder), stack: "prod", cli: { command, version: "3.260.0" }, backend, environment: { ...process.env, ...environment }, onNote: () => undefined });
}

const calls = () => readFileSync(callsFile, "utf8");
const saved = () => JSON.parse(readFileSync(stateFile, "utf8")) as Deployment;

test("after a killed update only what its records name is removed: no live replica, nothing of another update, nothing unknown", async () => {
  const { docker, removed } = host();
  assert.deepEqual((await deployer().recover(docker, state)).toSorted(), ["api-0a1b2c3", "berth-prod-edge", "half-0a1b2c3"]);
  assert.deepEqual(removed.toSorted(), ["c-half", "n-edge", "s-api"]);
});

test("an update that ended meanwhile keeps what it recorded, and the records of creations are gone", async () => {
  await deployer().recover(host().docker, state);
  assert.deepEqual(saved().resources?.map(({ id }) => id), [undefined, "c-known", "s-web", "c-late"]);
  assert.deepEqual(saved().pending_operations?.map(({ type }) => type), ["deleting"]);
});

test("nothing is removed while another process holds the lock", async () => {
  const { docker, removed } = host();
  await assert.rejects(deployer({ LOCKED: "1" }).recover(docker, state), /is being changed by process 7 of ada on elsewhere/);
  assert.deepEqual(removed, []);
  assert.deepEqual(saved().pending_operations, state.pending_operations);
  assert.doesNotMatch(calls(), /import|--clear-pending-creates/);
});

test("down removes all that the state does not know, whether or not the engine is in a swarm", async () => {
  for (const inSwarm of [true, false]) {
    const { docker, removed } = host(inSwarm);
    await removeStrays(docker, await findStrays(docker, "prod", state));
    const rest = ["c-half", "c-late", "c-mine", "c-named-as-network", "c-restore", "c-task-of-half", "n-edge", "n-mine"];
    assert.deepEqual(removed.toSorted(), [...rest, ...(inSwarm ? ["s-api"] : [])]);
  }
});
