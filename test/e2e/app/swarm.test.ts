import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { outputOf } from "../../../docker/exec.ts";
import { eventually } from "../eventually.ts";
import { quickMonitoring } from "../monitoring/quick.ts";
import { startLoad } from "../load.ts";
import { engine, freePort, Project } from "../project.ts";
import { Registry } from "../servers/registry.ts";
import { platformImages, SecondEngine } from "../servers/second-engine.ts";

// A swarm of one node: an engine of its own, since the machine's must stay as it is. Nothing here shows several nodes.
const skip = (engine === "pulumi" ? SecondEngine.missing() : "services are made by the Pulumi CLI alone") ?? false;

let project: Project;
let swarm: SecondEngine;
let registry: Registry;
let port: number;
let image: string;

before(async () => {
  if (skip !== false) return;
  project = await Project.create("swarm");
  quickMonitoring(project);
  // The time from one replica to the next, and for which the new ones are watched.
  project.edit("components/app/swarm-service.ts", "const delay = 10;", "const delay = 2;");
  port = await freePort();
  registry = await Registry.create("berth-e2e-swarm-registry");
  image = await pushed();
  swarm = await SecondEngine.create({ reaches: [registry.port], published: [port], images: platformImages });
  await swarm.docker.swarmInit({ ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" });
  await settings({});
});
after(async () => {
  if (skip !== false) return;
  await swarm?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

/** The service in Node, in a registry that both engines reach, by its digest. */
async function pushed(): Promise<string> {
  const name = `${registry.host}/acme/notes`;
  const run = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  run("buildx", "build", "--builder", "default", "--load", "--tag", name, join(project.dir, "apps/services/node"));
  run("push", "--quiet", name);
  return JSON.parse(run("image", "inspect", name, "--format", "{{json .RepoDigests}}")).find((digest: string) => digest.startsWith(name)) as string;
}

/** A stack of `notes` in the swarm, with this environment. */
async function settings(env: Record<string, string>): Promise<void> {
  const password = await project.encrypted("none-is-asked");
  await project.configure((config) => {
    Object.assign(config, {
      "berth:docker": swarm.host,
      "berth:runtime": "swarm",
      "berth:secrets": "generate",
      "berth:publish": { http: port },
      "berth:registry": { host: image.split("/")[0], owner: "acme", username: "nobody" },
      "berth:registryPassword": password,
      "berth:apps": { notes: { folder: "services/node", image, replicas: 2, memory: "128MiB", env } },
    });
    delete config["members:KEY"];
  });
}

const up = () => project.berth(["up", "-s", project.stack, "--json"], { inside: swarm.inside });
const changed = async () => {
  const run = await up();
  assert.equal(run.code, 0, run.output);
  return (JSON.parse(run.stdout) as { changes: Record<string, number> }).changes;
};
const service = async () => {
  const [found, ...others] = await swarm.docker.listServices();
  assert.deepEqual(others, []);
  return found as NonNullable<typeof found>;
};
// Not /health, which gives the database no more than a second, on a busy machine as well.
const load = () => startLoad(port, "notes.localhost", 4, [["/notes"], ["/notes", JSON.stringify({ title: "of the load" })]], { limit: 600_000, pause: 25 });

test("a workload is a service on networks that span the nodes; its files are Swarm secrets; nothing is left to change", { skip }, async () => {
  await changed();
  const { Spec } = await service();
  const { ContainerSpec: container, Networks: networks } = (Spec as { TaskTemplate: { ContainerSpec: { Image: string; Env: string[]; Secrets: { File: { Name: string; Mode: number } }[]; CapabilityDrop: string[]; ReadOnly: boolean }; Networks: unknown[] } }).TaskTemplate;
  assert.equal(container.Image, image);
  assert.deepEqual(container.Secrets.map(({ File }) => `${File.Mode.toString(8)} ${File.Name}`).toSorted(), ["DATABASE_URL", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "REDIS_URL"].map((name) => `444 /run/secrets/${name}`));
  assert.deepEqual([container.CapabilityDrop, container.ReadOnly, networks.length], [["ALL"], true, 2]);
  assert.deepEqual(await changed(), {});
});

test("Prometheus counts the replicas that are well; one that crashes four times in two minutes is started again, and missed meanwhile", { skip }, async () => {
  const { Spec } = await service();
  const first = async () => {
    const containers = await swarm.docker.listContainers({ filters: { label: [`com.docker.swarm.service.name=${Spec?.Name}`] } });
    return containers.find(({ Labels }) => Labels["com.docker.swarm.task.name"]?.startsWith(`${Spec?.Name}.1.`));
  };
  const [prometheus] = await swarm.docker.listContainers({ filters: { label: ["berth.role=prometheus"] } });
  const counted = async (count: number) => {
    const command = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", 'count(up{job="replicas-notes-web"})'];
    const seen = await outputOf(swarm.docker, prometheus?.Id ?? "", { command });
    return new RegExp(`=> ${count} @`).test(seen) ? undefined : seen;
  };
  await eventually("two replicas are counted", 60_000, () => counted(2));
  let last = "";
  for (let crash = 0; crash < 4; crash += 1) {
    await eventually(`the replica runs before crash ${crash + 1}`, 60_000, async () => {
      const { Id = "" } = (await first()) ?? {};
      if (Id === "" || Id === last) return "not yet";
      last = Id;
      return undefined;
    });
    await swarm.docker.getContainer(last).kill();
    if (crash === 0) await eventually("one replica is counted", 60_000, () => counted(1));
  }
  await eventually("it is started again", 60_000, async () => {
    const { Id = last } = (await first()) ?? {};
    return Id === last ? "not there" : undefined;
  });
  await eventually("two replicas are counted again", 60_000, () => counted(2));
});

test("a new version replaces one replica after the other under load, and no request is lost", { skip }, async () => {
  const before = await service();
  const asked = load();
  await settings({ LOG_LEVEL: "debug" });
  await changed();
  const { answered, failures } = await asked.stop();
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  assert.ok(answered > 500, `only ${answered} requests were answered`);
  assert.equal((await service()).ID, before.ID, "it is another service");
  // Swarm says so some seconds after the last replica is there for good.
  await eventually("Swarm calls the update completed", 60_000, async () => {
    const state = ((await service()) as { UpdateStatus?: { State: string } }).UpdateStatus?.State;
    return state === "completed" ? undefined : String(state);
  });
});

test("a version that does not start is rolled back by Swarm; up fails and says so; the version before serves on", { skip }, async () => {
  const asked = load();
  await settings({ LOG_LEVEL: "no such level" });
  const run = await up();
  assert.notEqual(run.code, 0);
  assert.match(run.output, /rollback completed|rolled the new version back/);
  const { answered, failures } = await asked.stop();
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  const { Spec } = await service();
  assert.match(JSON.stringify(Spec), /LOG_LEVEL=debug/);
  await settings({ LOG_LEVEL: "info" });
  await changed();
  assert.match(JSON.stringify((await service()).Spec), /LOG_LEVEL=info/);
});
