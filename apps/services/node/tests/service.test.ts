import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import pg from "pg";
import { pino } from "pino";
import { buildApi } from "../src/api.ts";
import { Cache } from "../src/cache.ts";
import { Database } from "../src/database.ts";
import { Metrics } from "../src/metrics.ts";
import { command, eventually, Postgres, Redis, Service } from "./servers.ts";

const postgres = new Postgres();
const redis = new Redis();
const environment = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, REDIS_PREFIX: "service-node:", VERSION: "1.2.3" };
let service: Service;

interface Note {
  id: number;
  title: string;
  body: string;
  createdAt: string;
}

before(async () => {
  await Promise.all([postgres.create(), redis.start()]);
});

after(async () => {
  service?.signal("SIGKILL");
  await Promise.all([postgres.stop(), redis.stop()]);
});

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  return await fetch(service.url + path, { method, ...content });
}

async function add(title: string): Promise<Note> {
  return (await (await send("POST", "/notes", { title })).json()) as Note;
}

async function sql(text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  return await client.query(text).finally(() => client.end());
}

test("two migrations at once: one works, the other waits and finds nothing to do", async () => {
  const runs = await Promise.all([1, 2].map(() => command(["src/main.ts", "migrate"], environment)));
  assert.deepEqual(runs.map((run) => run.code), [0, 0], runs.map((run) => run.output).join(""));
  const applied = runs.map((run) => (JSON.parse(run.output) as { applied: string[] }).applied.length);
  assert.deepEqual(applied.sort(), [0, 3]);
});

test("a third migration changes nothing, and leaves a newer image's alone", async () => {
  await sql("INSERT INTO schema_migrations (name) VALUES ('9999_of_a_newer_image.sql')");
  const { code, output } = await command(["src/main.ts", "migrate"], environment);
  assert.equal(code, 0, output);
  assert.deepEqual((JSON.parse(output) as { applied: string[] }).applied, []);
  assert.equal((await sql("SELECT count(*)::int AS count FROM schema_migrations")).rows[0].count, 4);
});

test("wrong settings stop the start with 78 and all names, and show no secret", async () => {
  const wrong = { PORT: "x", LOG_LEVEL: "loud", DATABASE_URL: "mysql://canary:canary@db/canary", REDIS_URL: "redis://canary@cache" };
  const { code, output } = await command(["src/main.ts", "serve"], wrong);
  assert.equal(code, 78);
  for (const name of ["PORT", "LOG_LEVEL", "DATABASE_URL", "REDIS_PREFIX"]) assert.match(output, new RegExp(`^  ${name}: .*allowed`, "m"));
  assert.doesNotMatch(output, /canary/);
});

test("a missing database, a file that is not there and both forms at once are told by name", async () => {
  assert.match((await command(["src/main.ts", "migrate"], {})).output, /DATABASE_URL: is missing; set it, or DATABASE_URL_FILE/);
  assert.match((await command(["src/main.ts"], { DATABASE_URL_FILE: "/none" })).output, /DATABASE_URL_FILE: .*\/none \(ENOENT\)/);
  const both = { ...environment, DATABASE_URL_FILE: "/none" };
  assert.match((await command(["src/main.ts"], both)).output, /DATABASE_URL: is set, and DATABASE_URL_FILE too/);
});

test("it starts with the secrets in files, and /health tells the image and the database", async () => {
  writeFileSync("/tmp/database-url", `${postgres.url}\n`);
  writeFileSync("/tmp/redis-url", redis.url);
  const { REDIS_PREFIX, VERSION } = environment;
  service = await new Service({ REDIS_PREFIX, VERSION, DATABASE_URL_FILE: "/tmp/database-url", REDIS_URL_FILE: "/tmp/redis-url" }).started();
  const response = await send("GET", "/health");
  assert.equal(response.status, 200);
  const { timestamp, ...health } = (await response.json()) as Record<string, string>;
  assert.deepEqual(health, { status: "ok", service: "service-node", version: "1.2.3", database: "connected" });
  assert.ok(Math.abs(Date.parse(timestamp ?? "") - Date.now()) < 5000);
});

test("a note is added, read, listed and removed", async () => {
  const created = await send("POST", "/notes", { title: "First", body: "Ünïcode 🙂" });
  assert.equal(created.status, 201);
  const note = (await created.json()) as Note;
  assert.equal(created.headers.get("location"), `/notes/${note.id}`);
  assert.deepEqual([note.title, note.body], ["First", "Ünïcode 🙂"]);
  const second = await add("Second");
  assert.deepEqual(await (await send("GET", `/notes/${note.id}`)).json(), note);
  assert.deepEqual(await (await send("GET", "/notes?limit=2")).json(), { notes: [second, note] });
  assert.deepEqual(await (await send("GET", `/notes?before=${second.id}`)).json(), { notes: [note] });
  assert.equal((await send("DELETE", `/notes/${note.id}`)).status, 204);
  assert.equal((await send("DELETE", `/notes/${note.id}`)).status, 404);
  assert.equal((await send("GET", `/notes/${note.id}`)).status, 404);
});

test("what is no note is refused with the reason", async () => {
  for (const body of [{}, { title: "" }, { title: 5 }, { title: "x".repeat(201) }, { title: "a\0b" }, { title: "x", color: "red" }]) {
    const response = await send("POST", "/notes", body);
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.match(((await response.json()) as { error: string }).error, /body/);
  }
  assert.equal((await send("POST", "/notes", { title: "x", body: "x".repeat(70_000) })).status, 413);
  for (const path of ["/notes/x", "/notes/0", "/notes/99999999999999999999", "/none"]) assert.equal((await send("GET", path)).status, 404, path);
  assert.equal((await send("GET", "/notes?limit=1000")).status, 400);
});

test("the second read comes from the cache; a removal reaches it", async () => {
  const { id } = await add("cached");
  assert.equal((await send("GET", `/notes/${id}`)).headers.get("x-cache"), "miss");
  await sql(`UPDATE notes SET title = 'changed' WHERE id = ${id}`);
  const second = await send("GET", `/notes/${id}`);
  assert.equal(second.headers.get("x-cache"), "hit");
  assert.equal(((await second.json()) as Note).title, "cached");
  await send("DELETE", `/notes/${id}`);
  assert.equal((await send("GET", `/notes/${id}`)).status, 404);
});

test("with Redis silent or gone reads come from the database, and again from the cache when it is back", async () => {
  const { id } = await add("fall-back");
  for (const makeAway of [() => redis.signal("SIGSTOP"), () => redis.stop()]) {
    await makeAway();
    const began = performance.now();
    const response = await send("GET", `/notes/${id}`);
    assert.deepEqual([response.status, response.headers.get("x-cache")], [200, "error"]);
    assert.ok(performance.now() - began < 1500);
  }
  assert.equal((await send("DELETE", `/notes/${(await add("removed")).id}`)).status, 204);
  assert.equal((await send("GET", "/health")).status, 200);
  await redis.start();
  await eventually("the cache answers", async () => (await send("GET", `/notes/${id}`)).headers.get("x-cache") === "hit");
});

test("a connection to Redis that is cut, and still takes what is written to it, is left for another one", async (context) => {
  let cut = false;
  // What comes over a connection that was there before the cut is lost, both ways.
  const link = createServer((near) => {
    const old = !cut;
    const far = connect(56_379, "127.0.0.1");
    near.on("data", (part) => (old && cut) || far.write(part)).on("error", () => undefined).on("close", () => far.destroy());
    far.on("data", (part) => (old && cut) || near.write(part));
  }).listen(56_380, "127.0.0.1");
  const errors: string[] = [];
  const cache = new Cache({ url: redis.url.replace("56379", "56380"), prefix: "service-node:" }, ({ message }) => errors.push(message));
  context.after(() => {
    cache.close();
    link.close();
  });
  const outcome = async () => (await cache.read("0")).outcome;
  await eventually("the cache answers", async () => (await outcome()) === "miss");
  cut = true;
  assert.equal(await outcome(), "error");
  await eventually("the cache answers again", async () => (await outcome()) === "miss", 5);
  assert.equal(errors[0], "no answer in 2000 ms");
});

test("/ is a page that says what it is and what to try", async () => {
  const response = await send("GET", "/");
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  const text = await response.text();
  for (const said of ["<h1>service-node</h1>", 'href="/notes"', 'href="/health"']) assert.ok(text.includes(said), said);
});

test("without Postgres /health is 503 within 3 s and requests are 503; 200 again after", async () => {
  await postgres.stop();
  const began = performance.now();
  const response = await send("GET", "/health");
  assert.ok(performance.now() - began < 3000);
  assert.equal(response.status, 503);
  const { status, database } = (await response.json()) as Record<string, string>;
  assert.deepEqual([status, database], ["error", "disconnected"]);
  assert.equal((await command(["src/health.ts"], { PORT: "53000" })).code, 1);
  assert.equal((await send("GET", "/notes")).status, 503);
  await postgres.start();
  await eventually("/health is 200", async () => (await send("GET", "/health")).status === 200);
  assert.equal((await command(["src/health.ts"], { PORT: "53000" })).code, 0);
  assert.equal((await send("GET", "/notes")).status, 200);
});

test("requests are counted by route and status, with their durations", async () => {
  const text = await (await fetch(service.metricsUrl)).text();
  for (const line of [
    /^http_requests_total\{method="POST",route="\/notes",status="201"\} \d+$/m,
    /^http_requests_total\{method="GET",route="\/notes\/:id",status="404"\} \d+$/m,
    /^http_requests_total\{method="GET",route="\/health",status="503"\} \d+$/m,
    /^http_request_duration_seconds_bucket\{le="0\.1",method="GET",route="\/notes"\} \d+$/m,
    /^cache_reads_total\{outcome="hit"\} \d+$/m,
    /^cache_reads_total\{outcome="error"\} \d+$/m,
  ]) {
    assert.match(text, line);
  }
  assert.equal((await send("GET", "/metrics")).status, 404);
});

test("SIGTERM: a slow request is finished, the exit code is 0", async () => {
  // The lock keeps the request waiting as long as this test wants.
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query("BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE");
  const slow = send("POST", "/notes", { title: "slow" });
  await eventually("the request waits", async () => (await sql("SELECT 1 FROM pg_locks WHERE NOT granted")).rowCount === 1);
  service.signal("SIGTERM");
  await eventually("no new connection is taken", () => fetch(`${service.url}/health`).then(() => false, () => true));
  await client.end();
  assert.equal((await slow).status, 201);
  assert.equal(await service.exit(), 0);
});

test("a request that comes between SIGTERM and the end of its connection is answered, and told to take another one", async () => {
  const database = new Database(postgres.url, () => undefined);
  const api = buildApi({ database, cache: new Cache(undefined, () => undefined), metrics: new Metrics(), log: pino({ level: "silent" }) });
  const { promise, resolve } = Promise.withResolvers<Response>();
  let url = "";
  api.addHook("preClose", async () => resolve(await fetch(`${url}/notes`)));
  url = await api.listen({ host: "127.0.0.1", port: 0 });
  await api.close();
  const answer = await promise;
  assert.deepEqual([answer.status, answer.headers.get("connection")], [200, "close"]);
  await database.close();
});

test("every line of the log is one JSON object with time, level and message", () => {
  const lines = service.output.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) assert.ok(line["timestamp"] && line["level"] && line["message"], JSON.stringify(line));
  assert.ok(lines.some((line) => line["route"] === "/notes" && line["status"] === 201));
  // The line of a request that was answered last may come after it.
  assert.equal(lines.filter((line) => line["message"] === "stopped").length, 1);
});

test("without REDIS_URL it works, uncached", async () => {
  service = await new Service({ DATABASE_URL: postgres.url }).started();
  assert.equal((await send("GET", `/notes/${(await add("uncached")).id}`)).headers.get("x-cache"), "off");
  service.signal("SIGTERM");
  assert.equal(await service.exit(), 0);
});
