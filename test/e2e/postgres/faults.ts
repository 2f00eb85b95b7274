import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { crash } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";
import { added, type Given, healthy, server, titles } from "./notes.ts";

const connections = { "berth:postgres": { connections: 60 } };

/** A crash, a full disk, an image without its version, a change of settings. */
export function postgresFaults(of: () => Given): void {
  const log = async () => (await docker.getContainer(await server(of())).logs({ stdout: true, stderr: true })).toString();

  test("killed during writes, it has every acknowledged one, and answers within 30 s", async () => {
    const given = of();
    const acknowledged: string[] = [];
    const end = { at: Date.now() + 120_000 };
    const writer = (async () => {
      for (let number = 0; Date.now() < end.at; number += 1) if (await added(given, `writer-${number}`)) acknowledged.push(`writer-${number}`);
    })();
    await eventually("30 writes are acknowledged", 30_000, () => Promise.resolve(acknowledged.length >= 30 ? undefined : String(acknowledged.length)));
    await crash(await server(given));
    const before = acknowledged.length;
    await eventually("writes are acknowledged again", 30_000, () => Promise.resolve(acknowledged.length > before + 5 ? undefined : String(acknowledged.length)));
    end.at = 0;
    await writer;
    const kept = new Set(await titles(given));
    assert.deepEqual(acknowledged.filter((title) => !kept.has(title)), []);
    assert.match(await log(), /database system was not properly shut down; automatic recovery in progress/);
  });

  test("with its volume full it refuses writes, and takes them again once there is space, with nothing lost", async (context) => {
    const given = of();
    if (!given.small) {
      context.skip("this machine has no loop devices for a small file system");
      return;
    }
    const before = await titles(given);
    const container = await server(given);
    const inside = (script: string) => execFileSync("docker", ["exec", "-u", "999", "-i", container, "sh", "-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    const psql = (text: string) => inside(`psql -h /var/run/postgresql -U postgres -v ON_ERROR_STOP=1 -Atc "${text}" notes 2>&1; true`);
    inside("head -c 2000M /dev/zero > /var/lib/postgresql/data/filler || true");
    assert.match(psql("create table public.big as select repeat('x', 1000) from generate_series(1, 100000)"), /No space left on device/);
    inside("rm /var/lib/postgresql/data/filler");
    await eventually("it takes a write", 60_000, async () => ((await added(given, "after-full")) ? undefined : "refused"));
    assert.deepEqual(await titles(given), [...before, "after-full"].toSorted());
    assert.equal(psql("select count(*) from pg_stat_database where checksum_failures > 0").trim(), "0");
  });

  test("an image without its version is refused by a failed update; replaced then by a change of its settings, it was shut down in order, recovers nothing and has its data", { skip: leftToTheNight }, async () => {
    const given = of();
    const [before, first] = [await titles(given), await server(given)];
    await given.configure({ ...connections, "berth:images": { postgres: "debian:trixie-slim" } });
    const run = await given.project.berth(["up", "-s", given.project.stack]);
    assert.notEqual(run.code, 0);
    assert.match(run.output, /\/usr\/lib\/postgresql\/17\/bin\/postgres/);
    await given.configure(connections);
    await given.project.up();
    assert.notEqual(await server(given), first);
    const lines = await log();
    assert.match(lines, /database system was shut down at/);
    assert.doesNotMatch(lines, /not properly shut down|automatic recovery/);
    await healthy(given, 10_000);
    assert.deepEqual(await titles(given), before);
  });
}
