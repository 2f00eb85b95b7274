import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "./eventually.ts";
import { docker, Project } from "./project.ts";

// One image that nobody prepared (Debian's own, root, Perl) in four parts: a web server that reads a plain variable, a
// worker with a volume, jobs, and schedules.
// The image has a /data of another user, as a Dockerfile with a VOLUME of its own would.
const dockerfile = "FROM debian:trixie-slim\nRUN install -d -o 1 -g 1 /data\nCOPY . /app/\nWORKDIR /app\n";
const server = `use IO::Socket::INET;
@SIG{qw(TERM PIPE)} = (sub { exit }, "IGNORE");
open(my $note, ">", "/app/written") or die "read-only: $!\\n";
open(my $config, "<", "/etc/shop/greeting") or die "no configuration: $!\\n";
my $text = join ",", <$config> =~ /(\\w+)/, length($ENV{PLAIN} // ""), -e "/run/secrets/PLAIN" ? "file" : "none", $<;
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
while (my $client = $server->accept) {
  my @leak;
  while (<$client>) { if (/^GET .leak /) { push @leak, "x" x 1_000_000 while 1 } last unless /\\S/ }
  print $client "HTTP/1.1 200 OK\\r\\nContent-Length: " . length($text) . "\\r\\nConnection: close\\r\\n\\r\\n$text";
  close $client;
}
`;
const shop = `
export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/" } },
  config: { directory: "config", target: "/etc/shop" },
  secrets: { PLAIN: "a password" },
  unprepared: { root: true, writableRoot: true, plainSecrets: true },
};
`;
// The worker appends its own start to a file; the schedules tell when they run.
const robot = `
export default {
  context: import.meta.dirname,
  worker: { command: ["perl", "-e", "$SIG{TERM} = sub { exit }; open(my $log, '>>', '/data/starts'); print $log \\"$$\\\\n\\"; close $log; until (-e '/data/fail') { sleep 1 } exit 1"], health: ["test", "-s", "/data/starts"] },
  maxRestarts: 2,
  volumes: { data: "/data" },
  secrets: { TOKEN: "a token" },
  tmpfs: { "/var/run": 4 },
  jobs: { migrate: ["sh", "-c", "echo migrate >> /data/jobs"], seed: ["sh", "-c", "echo seed >> /data/jobs"] },
  schedules: {
    slow: { cron: "*/2 * * * * * *", timeZone: "Asia/Tokyo", command: ["sh", "-c", "mkdir /data/running || echo twice >> /data/overlap; date +%z >> /data/zones; sleep 5; rmdir /data/running"] },
    broken: { cron: "*/2 * * * * * *", command: ["sh", "-c", "echo it broke; exit 3"] },
  },
  env: { VERSION: "1" },
};
`;

// Of a commit in a repository elsewhere, with no folder of its own beside app.ts.
const remote = (address: string) => `
export default {
  context: "${address}",
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/" } },
  env: { PLAIN: "four" },
  unprepared: { root: true, writableRoot: true },
};
`;

let project: Project;
let printed: string;
let repository: Server;
const canary = "canary-plain-0123456789";

before(async () => {
  project = await Project.create("kinds");
  for (const name of ["shop", "robot"]) project.write(`apps/${name}/Dockerfile`, dockerfile);
  project.write("apps/shop/server.pl", server);
  project.write("apps/shop/config/greeting", "hello\n");
  project.write("apps/shop/app.ts", shop);
  project.write("apps/robot/app.ts", robot);
  project.write("remote/shop/Dockerfile", dockerfile.replace("WORKDIR", "RUN mkdir /etc/shop && echo remote > /etc/shop/greeting\nWORKDIR"));
  project.write("remote/shop/server.pl", server);
  const { address, served } = await serve(join(project.dir, "remote"));
  repository = served;
  project.write("apps/remote/app.ts", remote(address));
  const secret = await project.encrypted(canary);
  await project.configure((config) => {
    config["berth:apps"] = { shop: { memory: "64MiB" }, remote: {}, robot: { memory: "64MiB" } };
    config["shop:PLAIN"] = secret;
    config["robot:TOKEN"] = secret;
    delete config["root:ROOT_SECRET"];
  });
  const preview = await project.berth(["preview", "-s", project.stack]);
  assert.equal(preview.code, 0, preview.output);
  printed = preview.output;
  await project.up();
});
after(async () => {
  repository?.close();
  await project[Symbol.asyncDispose]();
});

test("an image is built from a commit of a git address, and says so", async () => {
  assert.equal((await project.get("/", "remote")).body, "remote,4,none,0");
  const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "remote");
  const { Config } = await docker.getImage(web?.ImageID ?? "").inspect();
  assert.match(Config.Labels?.["org.opencontainers.image.revision"] ?? "", /^[0-9a-f]{40}$/);
});

describe("an image that nobody prepared", () => {
  test("runs as root with a writable root, reads its secret as a plain variable and its configuration as a file", async () => {
    assert.equal((await project.get("/", "shop")).body, `hello,${canary.length},file,0`);
  });

  test("has each loosened field named in the preview", () => {
    for (const field of ["root", "writableRoot", "plainSecrets"]) assert.match(printed, new RegExp(`unprepared\\.${field}:`));
    assert.match(printed, /shop is less hardened/);
  });

  test("has its secret in no setting of a container, though its process has it", async () => {
    for (const { Id } of await project.containers()) assert.ok(!JSON.stringify(await docker.getContainer(Id).inspect()).includes(canary));
  });

  test("keeps the rest of the hardening", async () => {
    const [web] = await project.containers("web");
    const { HostConfig } = await docker.getContainer(web?.Id ?? "").inspect();
    assert.deepEqual([HostConfig.CapDrop, HostConfig.CapAdd ?? [], HostConfig.SecurityOpt, HostConfig.Privileged], [["ALL"], [], ["no-new-privileges:true"], false]);
  });
});

describe("a worker with a volume", () => {
  test("starts after its jobs, which ran in their order", async () => {
    assert.deepEqual(await read("jobs"), ["migrate", "seed"]);
    assert.equal((await read("starts")).length, 1);
  });

  test("may write to its directory in memory, /run by its other name, and not to the secrets in it", async () => {
    const [worker] = await project.containers("worker");
    const script = "touch /run/pid && grep -c '^tmpfs /run tmpfs rw,nosuid,nodev,noexec' /proc/mounts; cat /run/secrets/TOKEN; touch /run/secrets/other 2>&1";
    const text = execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `${script}; true`], { encoding: "utf8" });
    assert.match(text, new RegExp(`^1\\n${canary}\\s*touch: .*Read-only file system`));
  });

  test("has no way out, not even to the edge", async () => {
    const [worker] = await project.containers("worker");
    const { NetworkSettings } = await docker.getContainer(worker?.Id ?? "").inspect();
    const [network, ...others] = Object.keys(NetworkSettings.Networks);
    assert.deepEqual(others, []);
    assert.equal(((await docker.getNetwork(network ?? "").inspect()) as { Internal: boolean }).Internal, true);
  });
});

describe("a schedule", () => {
  test("runs in its time zone, and never beside itself though it is due more often than it ends", async () => {
    await until(async () => (await read("zones")).length >= 3);
    assert.deepEqual([...new Set(await read("zones"))], ["+0900"]);
    assert.deepEqual(await read("overlap"), []);
  });

  test("shows its last result: in the log with the exit code, and counted in its metrics", async () => {
    const [broken] = await project.containers("schedule-broken");
    const container = docker.getContainer(broken?.Id ?? "");
    await until(async () => (await container.logs({ stdout: true, stderr: true })).toString().includes("error running command: exit status 3"));
    assert.match((await container.logs({ stdout: true, stderr: true })).toString(), /it broke/);
    const metrics = execFileSync("docker", ["exec", broken?.Id ?? "", "/opt/berth/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:9746/metrics"], { encoding: "utf8" });
    assert.match(metrics, /supercronic_failed_executions\{[^}]*\} [1-9]/);
  });
});

test("one that runs out of memory is ended alone, and starts again", async () => {
  const shop = async () => {
    const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "shop");
    return docker.getContainer(web?.Id ?? "").inspect();
  };
  const others = async () => (await project.containers()).filter(({ State }) => State === "running").map(({ Id }) => Id).filter((id) => id !== web.Id).toSorted();
  const web = await shop();
  const running = await others();
  const since = String(Math.floor(Date.now() / 1000));
  const ended = () => execFileSync("docker", ["events", "--since", since, "--until", String(Math.ceil(Date.now() / 1000)), "--filter", "event=oom", "--filter", `label=berth.stack=${project.stack}`, "--format", "{{.Actor.ID}}"], { encoding: "utf8" });
  await project.get("/leak", "shop").catch(() => undefined);
  await until(async () => (await shop()).RestartCount > web.RestartCount && (await project.get("/", "shop").catch(() => ({ status: 0 }))).status === 200);
  // Docker's event of the kernel's kill for want of memory.
  assert.deepEqual([...new Set(ended().trim().split("\n"))], [web.Id]);
  assert.deepEqual(await others(), running);
  assert.equal((await project.get("/", "remote")).status, 200);
});

test("a flood of 1 GB in a log takes no more of the disk than the driver's cap", async (context) => {
  const [worker] = await project.containers("worker");
  const { LogPath } = await docker.getContainer(worker?.Id ?? "").inspect();
  if (!existsSync(LogPath)) {
    context.skip("the engine's files can't be read here");
    return;
  }
  const line = "x".repeat(1000);
  execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `yes ${line} | head -c 1000000000 > /proc/1/fd/1`]);
  const folder = dirname(LogPath);
  const sizes = readdirSync(folder).filter((file) => file.includes("-json.log")).map((file) => statSync(join(folder, file)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(sizes.length > 1 && total > 10e6, `the log was not rotated: ${sizes.join(", ")}`);
  assert.ok(total < 33e6, `${total} bytes`);
});

test("a new version stops the worker before the next one starts, and the data is there still", async () => {
  const secret = await project.encrypted(canary);
  await project.configure((config) => {
    config["berth:apps"] = { shop: { memory: "64MiB" }, remote: {}, robot: { memory: "64MiB", env: { VERSION: "2" } } };
    config["shop:PLAIN"] = secret;
    config["robot:TOKEN"] = secret;
    delete config["root:ROOT_SECRET"];
  });
  await project.up();
  assert.equal((await project.containers("worker")).length, 1);
  assert.equal((await read("starts")).length, 2);
});

test("a worker that always fails is restarted as often as maxRestarts says, and stays down", async () => {
  const [worker] = await project.containers("worker");
  const container = docker.getContainer(worker?.Id ?? "");
  execFileSync("docker", ["exec", worker?.Id ?? "", "touch", "/data/fail"]);
  await until(async () => (await container.inspect()).State.Status === "exited");
  const { RestartCount, State } = await container.inspect();
  assert.deepEqual([RestartCount, State.ExitCode], [2, 1]);
});

/** A repository made of the folder `shop`, served by HTTP, and its address with the commit and the folder in it. */
async function serve(folder: string): Promise<{ address: string; served: Server }> {
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args], { encoding: "utf8" }).trim();
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "first");
  git("update-server-info");
  const served = createServer((request, response) => {
    createReadStream(join(folder, ".git", (request.url ?? "").replace(/^\/shop\.git/, "").replace(/\?.*/, "")))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => void served.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${(served.address() as AddressInfo).port}/shop.git#${git("rev-parse", "HEAD")}:shop`, served };
}

/** Lines of a file of the worker's volume. */
async function read(file: string): Promise<string[]> {
  const [worker] = await project.containers("worker");
  const text = execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `cat /data/${file} 2>/dev/null || true`], { encoding: "utf8" });
  return text.split("\n").filter(Boolean);
}
