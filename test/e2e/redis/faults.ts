import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { crash, outage } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import type { Given } from "../postgres/notes.ts";
import { ask, docker, type Project } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

const login = "REDISCLI_AUTH=$(cat /run/secrets/admin-password) redis-cli --user admin";

/** Faults of a Redis of 32 MiB that `notes` caches in. @param configure writes the stack file with these settings over its own */
export function redisFaults(given: () => Project, configure: Given["configure"]): void {
  async function id(): Promise<string> {
    const [redis] = await given().containers("redis");
    return redis?.Id ?? "";
  }

  async function sh(script: string): Promise<string> {
    return execFileSync("docker", ["exec", await id(), "sh", "-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** What Prometheus answers to a query, a line each. */
  async function query(expression: string): Promise<string> {
    const [prometheus] = await given().containers("prometheus");
    const command = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", expression];
    return execFileSync("docker", ["exec", prometheus?.Id ?? "", ...command], { encoding: "utf8" });
  }

  const answers = () => eventually("Redis answers", 30_000, async () => ((await sh("redis-cli ping").catch(String)).includes("PONG") ? undefined : "no PONG"));

  test("that is cut off fails no request of an application that caches in it, and is used again within 10 s, without a restart of either", async () => {
    const network = docker.getNetwork(`berth-${given().stack}-app-notes`);
    const containers = async () => [...(await given().containers("web")), ...(await given().containers("redis"))];
    const started = async () => Promise.all((await containers()).map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.StartedAt));
    const before = await started();
    const { status, body } = await ask(given().http, "POST", "/notes", "notes", '{"title":"kept"}');
    assert.equal(status, 201, body);
    const path = `/notes/${(JSON.parse(body) as { id: number }).id}`;
    const read = async () => {
      const answer = await given().get(path, "notes");
      assert.equal(answer.status, 200, answer.body);
      return String(answer.headers["x-cache"]);
    };
    const reads = (within: number, outcomes: string[]) =>
      eventually(`a read is a ${outcomes.join(" or ")}`, within, async () => {
        const outcome = await read();
        return outcomes.includes(outcome) ? undefined : outcome;
      });
    await reads(10_000, ["hit"]);
    await network.disconnect({ Container: await id() });
    const cut = Date.now();
    // The time that the fault lasts is the fault.
    await eventually("the outage has lasted", outage + 5_000, async () => {
      assert.equal(await read(), "error");
      return Date.now() - cut > outage ? undefined : "not yet";
    });
    await network.connect({ Container: await id(), EndpointConfig: { Aliases: ["redis"] } });
    await reads(10_000, ["hit", "miss"]);
    // A write to the cache may come too late too.
    await reads(20_000, ["hit"]);
    assert.deepEqual(await started(), before);
  });

  test("that is killed during writes loses at most the last second of those that it acknowledged", async () => {
    const script = `i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); echo "SET counter $i"; done | ${login}`;
    const writer = spawn("docker", ["exec", await id(), "sh", "-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    const seen: { at: number; acknowledged: number }[] = [];
    let acknowledged = 0;
    writer.stdout.on("data", (part: Buffer) => {
      acknowledged += part.toString().split("OK").length - 1;
      seen.push({ at: Date.now(), acknowledged });
    });
    await eventually("2000 writes are acknowledged over more than a second", 30_000, () =>
      Promise.resolve(acknowledged > 2000 && Date.now() - (seen[0]?.at ?? Infinity) > 1500 ? undefined : `${acknowledged}`),
    );
    const killed = Date.now();
    await crash(await id());
    await once(writer, "close");
    await answers();
    const kept = Number(await sh(`${login} GET counter`));
    const secondBefore = seen.findLast(({ at }) => at <= killed - 1000)?.acknowledged ?? 0;
    assert.ok(secondBefore > 0);
    assert.ok(kept >= secondBefore, `${kept} of ${secondBefore} that were acknowledged a second before the kill`);
  });

  test("whose append-only file lost its end starts without the last write", async () => {
    await sh(`${login} SET first 1 && ${login} SET last 1`);
    await eventually("both are written", 10_000, async () => ((await sh("cat /data/appendonlydir/*.incr.aof | tail -c 60")).includes("last") ? undefined : "not yet"));
    await crash(await id());
    await answers();
    await sh("file=$(ls /data/appendonlydir/*.incr.aof | tail -1); truncate -s -8 $file");
    await crash(await id());
    await answers();
    assert.equal((await sh(`${login} MGET first last`)).trim(), "1");
  });

  test("whose append-only file is corrupt in the middle refuses to start, says so in its log, and starts once the file is repaired", async () => {
    await sh(`for i in 1 2 3 4 5 6 7 8 9; do ${login} SET key$i value$i; done`);
    const file = (await sh("ls /data/appendonlydir/*.incr.aof | tail -1")).trim();
    await sh(`cp ${file} /data/saved && head -c 200 /dev/zero | dd of=${file} bs=1 seek=40 conv=notrunc`);
    const container = docker.getContainer(await id());
    await crash(await id());
    await eventually("the log says it", 30_000, async () => {
      const log = (await container.logs({ stdout: true, stderr: true, tail: 50 })).toString();
      return /Bad file format reading the append only file/.test(log) ? undefined : log;
    });
    // What an operator does: redis-check-aof in a container that mounts the volume.
    const volume = `berth-${given().stack}-redis-data`;
    const { Image } = await container.inspect();
    execFileSync("docker", ["run", "--rm", "--network", "none", "--user", "999:999", "-v", `${volume}:/data`, "--entrypoint", "mv", Image, "/data/saved", file]);
    await answers();
    assert.equal((await sh(`${login} GET key9`)).trim(), "value9");
  });

  test("that is full refuses writes, serves reads, and its alert is on the way", async () => {
    const value = "x".repeat(1000);
    const filled = await sh(`i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo "SET fill:$i ${value}"; done | ${login} 2>&1 | grep -c OOM; true`);
    assert.ok(Number(filled) > 1000, `${filled} writes were refused`);
    assert.match(await sh(`${login} SET more 1 2>&1; true`), /OOM command not allowed/);
    assert.equal((await sh(`${login} GET fill:1`)).trim().length, 1000);
    const { State } = await docker.getContainer(await id()).inspect();
    assert.equal(State.OOMKilled, false);
    await eventually("Prometheus has the alerts", 60_000, async () => {
      // Who is refused writes tries again.
      await sh(`${login} SET more 1 2>&1; true`);
      const alerts = await query('ALERTS{alertname=~"RedisMemoryHigh|RedisRefusesWrites"}');
      const all = ["RedisMemoryHigh", "RedisRefusesWrites"].every((name) => new RegExp(`${name}".*alertstate="(pending|firing)"`).test(alerts));
      return all ? undefined : `${alerts}; ${await query("redis_memory_used_bytes / redis_memory_max_bytes")}`;
    });
    await sh(`${login} FLUSHALL`);
    assert.equal((await sh(`${login} SET more 1`)).trim(), "OK");
  });

  test("whose data takes more than a minute to read fails no update, and the application that uses it starts once it has been read", { skip: leftToTheNight }, async () => {
    const rewritten = async () => {
      await sh(`${login} BGREWRITEAOF`);
      await eventually("the append-only file is rewritten", 30_000, async () => {
        const info = await sh(`${login} INFO persistence`);
        return /aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0[^]*aof_last_bgrewrite_status:ok/.test(info) ? undefined : info;
      });
    };
    const seconds = 64;
    await sh(`${login} FLUSHALL && i=0; while [ $i -lt ${seconds} ]; do i=$((i+1)); echo "SET slow:$i 1"; done | ${login}`);
    await rewritten();
    // A second for each key that is read, in microseconds.
    given().edit("components/redis/redis-config.ts", `"appendonly yes",`, `"appendonly yes",\n    "key-load-delay 1000000",`);
    const apps = { notes: { folder: "services/node", replicas: 2, memory: "192MiB", env: { LOG_LEVEL: "debug" } } };
    await configure({ "berth:apps": apps, "berth:redis": { memory: "256MiB" } });
    await given().up();
    const container = docker.getContainer(await id());
    const [, took = ""] = /DB loaded from (?:base|append only) file[^]*?: (\d+)\.\d+ seconds/.exec((await container.logs({ stdout: true, stderr: true })).toString()) ?? [];
    assert.ok(Number(took) >= 60, `read in ${took} s`);
    const { State } = await container.inspect();
    const ready = State.Health?.Log.find(({ ExitCode }) => ExitCode === 0)?.End ?? "";
    const web = (await given().containers("web")).map(async ({ Id }) => (await docker.getContainer(Id).inspect()).Created);
    for (const created of await Promise.all(web)) assert.ok(Date.parse(created) > Date.parse(ready), `a replica of ${created}, and Redis was ready at ${ready}`);
    assert.equal((await sh(`${login} DBSIZE`)).trim(), String(seconds));
    // The next test starts it anew.
    await sh(`${login} FLUSHALL`);
    await rewritten();
  });
}
