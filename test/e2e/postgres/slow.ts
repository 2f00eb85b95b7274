import assert from "node:assert/strict";
import { test } from "node:test";
import type Dockerode from "dockerode";
import images from "../../../config/images.lock.json" with { type: "json" };
import { outage } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker, freePort } from "../project.ts";
import { slowLink, wayIn } from "../servers/slow-link.ts";
import { leftToTheNight } from "../slow.ts";
import { type Given, health, healthy, server, sql } from "./notes.ts";

/** Postgres cut off, and far away. */
export function slowPostgres(of: () => Given): void {
  test(`cut off for ${outage / 1000} s, it makes the application answer 503, and 200 within 10 s after, without a restart of either`, async () => {
    const given = of();
    const { project } = given;
    const network = docker.getNetwork(`berth-${project.stack}-data`);
    const started = async () => Promise.all((await project.containers("web")).map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.StartedAt));
    const before = await started();
    await network.disconnect({ Container: await server(given) });
    await eventually("the application says that it can't serve", 20_000, async () => ((await health(given)) === 200 ? "200" : undefined));
    const cut = Date.now();
    // The time that the fault lasts is the fault.
    await eventually("the outage has lasted", outage + 5_000, () => Promise.resolve(Date.now() - cut > outage ? undefined : "not yet"));
    assert.notEqual(await health(given), 200);
    await network.connect({ Container: await server(given), EndpointConfig: { Aliases: ["postgres-server"] } });
    await healthy(given, 10_000);
    assert.deepEqual(await started(), before);
  });

  // The kernel may lack sch_netem; see slow-link.ts for what stands for the loss of packets. The replicas are asked
  // themselves, each by more clients than its pool has connections.
  test("behind a link of 300 ms that loses a packet in 20, 15 clients of a replica with 10 connections get their answers", { skip: leftToTheNight }, async (context) => {
    const given = of();
    const { project } = given;
    const name = `berth-${project.stack}-app-notes`;
    const network = docker.getNetwork(name);
    const data = docker.getNetwork(`berth-${project.stack}-data`);
    const container = await server(given);
    const move = async (alias: string) => {
      await data.disconnect({ Container: container });
      await data.connect({ Container: container, EndpointConfig: { Aliases: [alias] } });
    };
    const labeled = { Labels: { "berth.stack": project.stack } };
    const ways: Dockerode.Container[] = [];
    const toReplica = async ({ NetworkSettings }: Dockerode.ContainerInfo): Promise<number> => {
      const port = await freePort();
      const way = await docker.createContainer({ ...wayIn(images.toolbox, port, { host: NetworkSettings.Networks[name]?.IPAddress ?? "", port: 3000 }), ...labeled });
      ways.push(way);
      await network.connect({ Container: way.id });
      await way.start();
      return port;
    };
    const ask = async (replica: number) => {
      const answer = await fetch(`http://127.0.0.1:${replica}/notes`, { signal: AbortSignal.timeout(15_000) });
      return answer.status === 200 ? void (await answer.json()) : `${answer.status} ${await answer.text()}`;
    };
    await move("postgres-behind");
    const link = await docker.createContainer({ ...slowLink(images.toolbox, data.id, "postgres-server", { host: "postgres-behind", port: 5432 }, { latency: 300, loss: 20 }), ...labeled });
    try {
      const replicas = await Promise.all((await project.containers("web")).map(toReplica));
      await link.start();
      await eventually("the gateway has found the link", 30_000, async () => {
        const address = (await link.inspect()).NetworkSettings.Networks[data.id]?.IPAddress;
        const [gateway] = await project.containers("notes-gateway");
        const log = (await docker.getContainer(gateway?.Id ?? "").logs({ stdout: true, stderr: true })).toString();
        return log.includes(` to '${address}'`) ? undefined : log;
      });
      // None may stay on the way that it had.
      await sql(given, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'notes'", "postgres");
      const connected = (replica: number) =>
        eventually("a replica has its 10 connections", 30_000, async () => (await Promise.all(Array.from({ length: 10 }, () => ask(replica).catch(String)))).find((failure) => failure !== undefined));
      await Promise.all(replicas.map(connected));
      await healthy(given, 20_000);
      const times: number[] = [];
      const failures: string[] = [];
      const client = async (replica: number) => {
        for (let turn = 0; turn < 8; turn += 1) {
          const started = performance.now();
          const failure = await ask(replica).catch(String);
          times.push(performance.now() - started);
          if (failure !== undefined) failures.push(failure);
        }
      };
      await Promise.all(replicas.flatMap((replica) => Array.from({ length: 15 }, () => client(replica))));
      const [half = 0, most = 0] = [0.5, 0.95].map((share) => Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0));
      context.diagnostic(`${times.length} requests: p50 ${half} ms, p95 ${most} ms`);
      assert.deepEqual(failures, []);
      assert.ok(half > 300, `half of the requests took less than the link, ${half} ms`);
    } finally {
      await Promise.all([link, ...ways].map((container) => container.remove({ force: true })));
      await move("postgres-server");
    }
    await healthy(given, 20_000);
  });
}
