import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { syslogTag } from "../../../components/docker/logging.ts";
import { onHost } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { LogStore } from "./log-store.ts";
import { docker, Project } from "../project.ts";

// A store that is stopped, and so refuses connections. Not shown: one that takes a connection and no longer reads.

// Each replica prints its name and a number that grows, some 50 lines a second, and answers beside it.
const server = `use IO::Socket::INET; use IO::Select;
$| = 1;
$SIG{TERM} = sub { exit };
print qq({"level":"warning","message":"about to serve","port":8000,"source":"nowhere"}\\n);
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
my $select = IO::Select->new($server);
for (my $n = 1; ; $n++) {
  print "tick $ENV{HOSTNAME} $n\\n";
  for ($select->can_read(0.02)) {
    my $client = $server->accept;
    while (<$client>) { last unless /\\S/ }
    print $client "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok";
    select undef, undef, undef, 0.02;
  }
}
`;
const app = `
export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/" }, stopGrace: 10 },
  jobs: { migrate: ["sh", "-c", "echo migrating with $CODE; exit $CODE"] },
  env: { CODE: "0" },
};
`;

let project: Project;
const stores: Partial<Record<"rsyslog" | "collector", LogStore>> = {};

before(async () => {
  project = await Project.create("logs");
  project.write("apps/tick/Dockerfile", "FROM debian:trixie-slim\nCOPY . /app/\n");
  project.write("apps/tick/server.pl", server);
  project.write("apps/tick/app.ts", app);
});
after(async () => {
  for (const store of Object.values(stores)) await store[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

for (const { kind, driver, settings, lost } of [
  // What is sent while nobody listens is gone, and no more.
  { kind: "rsyslog", driver: "syslog", settings: (address: string) => ({ driver: "syslog", address: `udp://${address}`, facility: "local3" }), lost: (written: number): [number, number] => [1, written] },
  // What is on its way when the connection breaks is gone; the rest waits.
  { kind: "collector", driver: "fluentd", settings: (address: string) => ({ driver: "fluentd", address }), lost: (written: number): [number, number] => [0, Math.min(200, written / 2)] },
] as const) {
  describe(`lines by ${driver} to a real store, ${kind}`, () => {
    let store: LogStore;
    const tag = (part: string) => {
      const whole = `berth-${project.stack}.${part}`;
      return driver === "syslog" ? syslogTag(whole) : whole;
    };

    before(async () => {
      store = stores[kind] = await LogStore.create(kind, project.stack);
      await configure(settings(store.address));
      await project.up();
    });

    test("a second up changes nothing", async () => {
      const { changes } = await project.up();
      assert.deepEqual(changes, {});
    });

    test("arrive from each part with its tag, those of a job too", async () => {
      const parts = ["tick.web", "tick.job", "postgres", "redis", "traefik", "prometheus"].map(tag);
      await eventually("a line of each part", 30_000, async () => {
        const seen = new Set((await store.lines()).map((line) => line.tag));
        const missing = parts.filter((part) => !seen.has(part));
        return missing.length === 0 ? undefined : `none of ${missing.join(", ")} among ${[...seen].join(", ")}`;
      });
      const lines = await store.lines();
      assert.ok(lines.some((line) => line.tag === tag("tick.job") && line.text === "migrating with 0"));
      assert.ok(lines.some((line) => line.tag === tag("tick.web") && /^tick \w+ \d+$/.test(line.text)));
      // The collector is the stack's own, but for its exporter: what it says of a line, and that a line can't overrule the engine.
      if (driver === "fluentd") {
        const { fields = {} } = lines.find(({ text }) => text.includes("about to serve")) ?? {};
        const { container, ...others } = fields;
        assert.deepEqual(others, { source: "stdout", level: "warning", port: "8000" });
        assert.match(container ?? "", /^tick-/);
      }
    });

    test("are missed by nobody while the store is away: it serves, stops, starts, and takes no more than its memory and disk", async (context) => {
      const [first, second] = await project.containers("web");
      assert.ok(first !== undefined && second !== undefined);
      await eventually("lines of the first", 30_000, async () => ((await numbers(store, first.Id)).length > 0 ? undefined : "none"));
      const memory = engineMemory();
      const before = await lastShown(first.Id);
      await store.stop();
      const away = Date.now();

      execFileSync("docker", ["exec", second.Id, "sh", "-c", `yes ${"x".repeat(500)} | head -c 300000000 > /proc/1/fd/1`]);
      assert.deepEqual([(await project.get("/", "tick")).status, (await project.get("/", "tick")).status], [200, 200]);
      const grown = engineMemory() - memory;
      context.diagnostic(`${driver}: 300 MB printed while the store was away; the engine's memory grew by ${grown} MiB`);
      // The engine serves other stacks too; lines that it kept would be the whole 300 MB.
      assert.ok(grown < 250, `${grown} MiB`);
      bounded(context, ((await docker.info()) as { DockerRootDir: string }).DockerRootDir, second.Id);

      while (Date.now() - away < 10_000) {
        assert.equal((await project.get("/", "tick")).status, 200);
        await delay(250);
      }

      // Last: Docker stops a replica without a word to Traefik, which sends it requests for another second.
      const stopped = Date.now();
      await docker.getContainer(second.Id).stop({ t: 10 });
      context.diagnostic(`${driver}: a container stopped within ${Date.now() - stopped} ms`);
      assert.ok(Date.now() - stopped < 5000);
      assert.equal((await docker.getContainer(second.Id).inspect()).State.ExitCode, 0);
      await docker.getContainer(second.Id).start();

      await store.start();
      const again = Date.now();
      const back = await lastShown(first.Id);
      const written = back - before;
      assert.ok(written > 100, `only ${written} lines were written while the store was away, and berth logs shows them`);
      await eventually("lines of after the store's return", 60_000, async () => ((await numbers(store, first.Id)).some((n) => n > back) ? undefined : "none"));
      context.diagnostic(`${driver}: new lines arrived ${((Date.now() - again) / 1000).toFixed(1)} s after the store's return`);
      // Lines come in their order: whatever is missing before this one is lost.
      const arrived = await numbers(store, first.Id);
      const [from, to] = [Math.min(...arrived), Math.max(...arrived)];
      const missing = to - from + 1 - new Set(arrived).size;
      // The store takes lines a moment after it has started, and how many came in it, nobody else counts.
      const sent = Math.min(...arrived.filter((n) => n > back)) - before;
      const [least, most] = lost(sent);
      context.diagnostic(`${driver}: of ${sent} lines that one container wrote until the store had one again, for ${((again - away) / 1000).toFixed(0)} s, ${missing} were lost`);
      assert.ok(from <= before, `the store has nothing of before it was away: its first line is ${from}, and the last one then was ${before}`);
      assert.ok(missing >= least && missing <= most, `${missing} lines, and not from ${least} to ${most}`);
    });

    test("of a job that fails are in the error, though the store is away", async () => {
      await store.stop();
      await configure(settings(store.address), "3");
      const { code, output } = await project.berth(["up", "-s", project.stack]);
      assert.notEqual(code, 0);
      assert.match(output, /ended with exit code 3/);
      assert.match(output, /\| migrating with 3/);
      assert.equal((await project.get("/", "tick")).status, 200);
    });
  });
}

test("a server that must be there before a container starts is warned of in the preview", async () => {
  await configure({ driver: "syslog", address: "tcp://127.0.0.1:514" });
  const { code, output } = await project.berth(["preview", "-s", project.stack]);
  assert.equal(code, 0, output);
  assert.match(output, /while that server is away no container starts/);
});

async function configure(logs: object, code = "0"): Promise<void> {
  await project.configure((config) => {
    config["berth:logs"] = logs;
    config["berth:apps"] = { tick: { replicas: 2, memory: "64MiB", env: { CODE: code } } };
    delete config["members:KEY"];
  });
}

/** Numbers that the store has of one container, whose name within is the start of its id. */
async function numbers(store: LogStore, id: string): Promise<number[]> {
  const own = new RegExp(`^tick ${id.slice(0, 12)} (\\d+)$`);
  return (await store.lines()).flatMap(({ text }) => own.exec(text)?.[1] ?? []).map(Number);
}

/** The newest number of one container that `berth logs` shows. */
async function lastShown(id: string): Promise<number> {
  const { code, stdout } = await project.berth(["logs", "tick", "--tail", "20", "-s", project.stack]);
  assert.equal(code, 0);
  const found = [...stdout.matchAll(new RegExp(`tick ${id.slice(0, 12)} (\\d+)`, "g"))].map(([, n]) => Number(n));
  assert.ok(found.length > 0, stdout);
  return Math.max(...found);
}

/** MiB of memory of the Docker Engines on the host. */
function engineMemory(): number {
  const status = onHost('for process in /proc/[0-9]*; do [ "$(cat $process/comm 2>/dev/null)" = dockerd ] && cat $process/status; done; true', "--pid", "host");
  const kib = [...status.matchAll(/^VmRSS:\s+(\d+)/gm)].map(([, size]) => Number(size));
  assert.ok(kib.length > 0, "no Docker Engine is seen on the host, so its memory can't be measured");
  return Math.round(kib.reduce((sum, size) => sum + size, 0) / 1024);
}

/** The newest lines that the engine keeps of a container. */
function bounded(context: TestContext, root: string, id: string): void {
  const printed = onHost("find /log -name '*container-cached.log*' -exec stat -c %s {} +", "-v", `${join(root, "containers", id)}:/log:ro`);
  const sizes = printed.split("\n").filter(Boolean).map(Number);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  context.diagnostic(`the engine keeps ${sizes.length} files of ${Math.round(total / 1e6)} MB in all`);
  assert.ok(sizes.length > 0 && total < 33e6, sizes.join(", "));
}
