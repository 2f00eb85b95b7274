import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "./eventually.ts";
import { docker, engine, Project, type UpResult } from "./project.ts";

// One stack for the whole file: each test goes on from where the last one left it.
let project: Project;
let first: UpResult;

before(async () => {
  project = await Project.create("stack");
  first = await project.up();
});
after(async () => project[Symbol.asyncDispose]());

test(`berth up on the ${engine} engine ends with the addresses of a stack that answers`, async () => {
  assert.equal(first.engine, engine);
  assert.deepEqual(first.addresses, { root: `http://root.localhost:${project.http}` });
  const health = await project.get("/health");
  assert.equal(health.status, 200, health.body);
  assert.equal((JSON.parse(health.body) as { database: string }).database, "connected");
});

test("a row written through Traefik is in Postgres, and a wrong signature writes nothing", async () => {
  assert.equal((await project.addMember("ada")).errors, undefined);
  const refused = await project.addMember("eve", "another-secret-of-good-length");
  assert.equal(refused.errors?.[0]?.extensions.code, "UNAUTHORIZED");
  assert.deepEqual(await project.handles(), ["ada"]);
  const [postgres] = await project.containers("postgres");
  const rows = await execute(postgres?.Id ?? "", "999", ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-At", "root", "-c", "select handle from members"]);
  assert.equal(rows.trim(), "ada");
});

test("the application runs the digest that was pushed to the stack's registry, which asks for a login", async () => {
  const reference = first.outputs.imageDigests["root"] ?? "";
  const digest = reference.split("@")[1] ?? "";
  assert.match(reference, new RegExp(`^127\\.0\\.0\\.1:${project.registryPort}/root:build@sha256:[0-9a-f]{64}$`));
  const web = await project.containers("web");
  assert.equal(web.length, 2);
  for (const { ImageID } of web) {
    const { RepoDigests } = await docker.getImage(ImageID).inspect();
    assert.ok(RepoDigests.some((repo) => repo === `127.0.0.1:${project.registryPort}/root@${digest}`), `${RepoDigests.join(", ")} lacks ${digest}`);
  }
  const anonymous = await fetch(`http://127.0.0.1:${project.registryPort}/v2/root/manifests/${digest}`);
  assert.equal(anonymous.status, 401);
});

test("Prometheus scrapes itself, the host, Postgres, Redis and Traefik", async () => {
  const [prometheus] = await project.containers("prometheus");
  const query = (expression: string) => execute(prometheus?.Id ?? "", "65534", ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", expression]);
  const jobs = ["node", "postgres", "prometheus", "redis", "traefik"];
  await eventually("all five targets are up", 60_000, async () => {
    const up = await query("up == 1");
    return jobs.every((job) => up.includes(`job="${job}"`)) ? undefined : up;
  });
  // Traefik may have been scraped before it had its first routes.
  for (const metric of ["pg_up", "redis_up", "traefik_service_server_up"]) {
    await eventually(`${metric} is 1`, 60_000, async () => {
      const value = await query(metric);
      return new RegExp(`^${metric}\\{.*=> 1 @`, "m").test(value) ? undefined : value;
    });
  }
});

test("every container is hardened, and only Traefik and the registry publish, on 127.0.0.1", async () => {
  for (const { Id, Names, Labels, State } of await project.containers()) {
    const role = Labels["berth.role"] ?? "";
    const { HostConfig, Config } = await docker.getContainer(Id).inspect();
    const name = `${Names[0] ?? Id} (${role})`;
    const published = Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string }[]>).flat();
    assert.deepEqual(published.map(({ HostIp }) => HostIp), ["traefik", "registry"].includes(role) ? ["127.0.0.1"] : [], name);
    if (role === "files") {
      assert.equal(State, "created", `${name} was started`);
      continue;
    }
    assert.deepEqual(HostConfig.CapDrop, ["ALL"], name);
    assert.ok(HostConfig.SecurityOpt?.includes("no-new-privileges:true"), name);
    assert.equal(HostConfig.ReadonlyRootfs, true, name);
    assert.equal(HostConfig.Privileged, false, name);
    assert.ok((HostConfig.Memory ?? 0) > 0 && HostConfig.MemorySwap === HostConfig.Memory, name);
    assert.ok((HostConfig.NanoCpus ?? 0) > 0, name);
    assert.ok(HostConfig.Ulimits?.some(({ Name }) => Name === "nproc"), name);
    assert.deepEqual(HostConfig.LogConfig, { Type: "json-file", Config: { labels: "berth.stack,berth.app,berth.role", "max-file": "3", "max-size": "10m" } }, name);
    if (role !== "job") {
      assert.match(Config.User, /^[1-9]\d*:[1-9]\d*$/, name);
      assert.ok(Config.Healthcheck !== undefined, name);
    }
  }
});

test("a line of a log says beside it of which stack, application and role it is", async () => {
  const [web] = await project.containers("web");
  const log = (await docker.getContainer(web?.Id ?? "").logs({ stdout: true, stderr: true, tail: 1, details: true })).toString();
  for (const label of [`berth.stack=${project.stack}`, "berth.app=root", "berth.role=web"]) assert.ok(log.includes(label), log);
});

test("the bound on processes holds against a fork bomb, and the others respond", async () => {
  const [web] = await project.containers("web");
  const bomb = await execute(web?.Id ?? "", "", ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do sleep 5 & i=$((i+1)); done 2>&1 | head -c 300; exit 0"]);
  assert.match(bomb, /fork|Resource temporarily unavailable/i);
  assert.equal((await project.get("/health")).status, 200);
  await eventually("the bomb's processes are gone", 30_000, async () => {
    const seen = await execute(web?.Id ?? "", "", ["sh", "-c", "echo free"]);
    return seen.trim() === "free" ? undefined : seen;
  });
});

test("data and monitoring have no way out, and Prometheus can't be reached from the edge", async () => {
  const [web] = await project.containers("web");
  const networks = await docker.listNetworks({ filters: { label: [`berth.stack=${project.stack}`] } });
  const internal = networks.filter(({ Internal }) => Internal).map(({ Name }) => Name).toSorted();
  assert.deepEqual(internal, ["app-root", "edge", "monitoring"].map((name) => `berth-${project.stack}-${name}`));
  const names = Object.keys((await docker.getContainer(web?.Id ?? "").inspect()).NetworkSettings.Networks).toSorted();
  assert.deepEqual(names, [`berth-${project.stack}-app-root`, `berth-${project.stack}-edge`]);
  const lookup = await execute(web?.Id ?? "", "", ["sh", "-c", "getent hosts prometheus || echo unknown"]);
  assert.equal(lookup.trim(), "unknown");
});

test("a second up changes nothing", async () => {
  const ids = (await project.containers()).map(({ Id }) => Id).toSorted();
  const second = await project.up();
  assert.deepEqual(second.changes, {});
  assert.deepEqual((await project.containers()).map(({ Id }) => Id).toSorted(), ids);
});

test("down leaves the data volumes and nothing else; up again finds the row", async () => {
  const data = await project.volumes("data");
  assert.equal(data.length, 4);
  const down = await project.berth(["down", "-s", project.stack, "--yes"]);
  assert.equal(down.code, 0, down.output);
  assert.deepEqual(await project.containers(), []);
  assert.deepEqual(await project.volumes("data"), data);
  assert.deepEqual(await project.volumes("files"), []);
  await project.up();
  assert.deepEqual(await project.handles(), ["ada"]);
});

test("down --volumes removes the data too", async () => {
  const down = await project.berth(["down", "-s", project.stack, "--volumes", "--yes"]);
  assert.equal(down.code, 0, down.output);
  const { Volumes } = await docker.listVolumes({ filters: { label: [`berth.stack=${project.stack}`] } });
  assert.deepEqual(Volumes, []);
  assert.deepEqual(await docker.listNetworks({ filters: { label: [`berth.stack=${project.stack}`] } }), []);
});

async function execute(container: string, user: string, command: string[]): Promise<string> {
  const exec = await docker.getContainer(container).exec({ Cmd: command, User: user, AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true, hijack: true });
  let output = "";
  for await (const part of stream) output += String(part);
  return output;
}
