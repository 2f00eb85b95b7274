import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import images from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { startLoad } from "../load.ts";
import { docker } from "../project.ts";
import { type Given, healthy, server } from "./notes.ts";

const another = { folder: "services/node", replicas: 1, memory: "192MiB" };

/** What a client says whose connection is cut, or who comes before the server has read its log. That it may come at all: it was not refused. */
const passing = /terminating connection|server closed the connection|connection to server was lost|the database system is (starting up|shutting down)|not yet accepting connections/;

/** An application that comes and goes beside others, and Postgres while it restarts, as seen through the gateways. */
export function postgresGateway(of: () => Given): void {
  test("an application with a database comes and goes under load: no request fails, and Postgres and the other's gateway run on", async (context) => {
    const { project, configure } = of();
    const stay = async () => {
      const found = [...(await project.containers("postgres")), ...(await project.containers("notes-gateway"))];
      const inspected = await Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
      return inspected.map(({ Id, State }) => [Id, State.StartedAt]);
    };
    const before = await stay();
    assert.equal(before.length, 2);
    const load = startLoad(project.http, "notes.localhost", 4, [["/notes"]], { limit: 600_000, pause: 20 });
    context.after(() => load.stop());
    await configure({ "berth:apps": { notes: { ...another, replicas: 2 }, another } });
    await project.up();
    assert.equal((await project.get("/notes", "another")).status, 200);
    assert.deepEqual(await stay(), before);
    await configure();
    const { code, output } = await project.berth(["up", "-s", project.stack, "--yes"]);
    assert.equal(code, 0, output);
    const { failures, answered } = await load.stop();
    context.diagnostic(`${answered} requests`);
    assert.deepEqual(failures, {}, `of ${answered} requests`);
    assert.ok(answered > 200, `only ${answered} requests were answered`);
    assert.deepEqual(await stay(), before);
  });

  test("while Postgres restarts, no new connection is refused: each waits", async (context) => {
    const given = of();
    const { project } = given;
    const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "notes");
    const password = execFileSync("docker", ["exec", web?.Id ?? "", "cat", "/run/secrets/POSTGRES_PASSWORD"], { encoding: "utf8" });
    // A client connects for each question, and notes how many milliseconds it took and what was said.
    const client = "while true; do s=$(date +%s%3N); said=$(psql -Atc 'select 1' 2>&1 | tr '\n' ' '); echo \"$(($(date +%s%3N) - s)) $said\" >> /tmp/said; done";
    const script = `for client in 1 2 3 4; do (${client}) & done; wait`;
    const settings = { PGHOST: "postgres", PGUSER: "notes", PGDATABASE: "notes", PGPASSWORD: password };
    const clients = await docker.createContainer({ Image: images.postgres, Entrypoint: ["bash", "-c", script], Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`), HostConfig: { NetworkMode: `berth-${project.stack}-app-notes` }, Labels: { "berth.stack": project.stack } });
    const answers = () => {
      const lines = execFileSync("docker", ["exec", clients.id, "sh", "-c", "cat /tmp/said || true"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      return [...lines.matchAll(/^(\d+) (.*?) $/gm)].map(([, time = "", text = ""]) => ({ time: Number(time), text }));
    };
    const more = (count: number) => {
      const until = answers().length + count;
      return eventually(`${count} more connections`, 60_000, () => Promise.resolve(answers().filter(({ text }) => text === "1").length >= until ? undefined : JSON.stringify(answers().slice(-3))));
    };
    try {
      await clients.start();
      await more(8);
      await docker.getContainer(await server(given)).restart();
      await more(8);
      const failed = answers().filter(({ text }) => text !== "1");
      const waited = answers().filter(({ time, text }) => time > 500 && text === "1");
      context.diagnostic(`${answers().length} connections, ${failed.length} failed, ${waited.length} waited, the longest ${Math.max(0, ...waited.map(({ time }) => time))} ms`);
      assert.deepEqual(failed.filter(({ text }) => !passing.test(text)), []);
      assert.ok(waited.length > 0);
    } finally {
      await clients.remove({ force: true });
    }
    await healthy(given, 30_000);
  });
}
