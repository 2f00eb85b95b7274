import assert from "node:assert/strict";
import { test } from "node:test";
import { execute } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker } from "../project.ts";
import type { Given } from "./dev-stack.ts";

/** How its containers run, and what they reach. */
export function hardened(given: Given): void {
  test("every container is hardened, and only Traefik and the registry publish, on 127.0.0.1", async () => {
    const { project } = given();
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
    const { project } = given();
    const [web] = await project.containers("web");
    const log = (await docker.getContainer(web?.Id ?? "").logs({ stdout: true, stderr: true, tail: 1, details: true })).toString();
    for (const label of [`berth.stack=${project.stack}`, "berth.app=members", "berth.role=web"]) assert.ok(log.includes(label), log);
  });

  test("the bound on processes holds against a fork bomb, and the others respond", async () => {
    const { project } = given();
    const [web] = await project.containers("web");
    const bomb = await execute(web?.Id ?? "", "", ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do sleep 5 & i=$((i+1)); done 2>&1 | head -c 300; exit 0"]);
    assert.match(bomb, /fork|Resource temporarily unavailable/i);
    // The application itself answers each request by a process of its own.
    const [postgres] = await project.containers("postgres");
    const answer = await execute(postgres?.Id ?? "", "999", ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-Atc", "SELECT 1"]);
    assert.equal(answer.trim(), "1");
    await eventually("the bomb's processes are gone, and the application serves again", 60_000, async () => {
      const seen = (await execute(web?.Id ?? "", "", ["sh", "-c", "echo free"])).trim();
      const { status } = await project.get("/health");
      return seen === "free" && status === 200 ? undefined : `${seen}, HTTP status ${status}`;
    });
  });

  test("data and monitoring have no way out, and Prometheus can't be reached from the edge", async () => {
    const { project } = given();
    const [web] = await project.containers("web");
    const networks = await docker.listNetworks({ filters: { label: [`berth.stack=${project.stack}`] } });
    const internal = networks.filter(({ Internal }) => Internal).map(({ Name }) => Name).toSorted();
    assert.deepEqual(internal, ["app-members", "data", "edge", "monitoring"].map((name) => `berth-${project.stack}-${name}`));
    const names = Object.keys((await docker.getContainer(web?.Id ?? "").inspect()).NetworkSettings.Networks).toSorted();
    assert.deepEqual(names, [`berth-${project.stack}-app-members`, `berth-${project.stack}-edge`]);
    const lookup = await execute(web?.Id ?? "", "", ["sh", "-c", "getent hosts prometheus || echo unknown"]);
    assert.equal(lookup.trim(), "unknown");
  });
}
