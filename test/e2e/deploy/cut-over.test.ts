import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { crash, pause } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { startLoad } from "../load.ts";
import { ask, docker, Project } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

let project: Project;
const definition = "apps/members/app.ts";

before(async () => {
  project = await Project.create("cutover");
  // The Pulumi CLI's provider waits as long for a replica that keeps exiting.
  project.edit(definition, "health: {", "health: { wait: 20,");
  await project.up();
});
after(async () => project[Symbol.asyncDispose]());

const version2 = { VERSION: "2", ALLOWED_HOSTS: "members.localhost", FAULTS: "crash" };
const settings = (env: Record<string, string>) => (config: Record<string, unknown>) => {
  config["berth:apps"] = { members: { replicas: 2, memory: "128MiB", env } };
};
/** What Traefik's access log has of the requests of a path, of the last 30 s; the time is ISO 8601. */
const answers = async (path: string) => {
  const [traefik] = await project.containers("traefik");
  const log = await docker.getContainer(traefik?.Id ?? "").logs({ stdout: true, since: Math.floor(Date.now() / 1000) - 30 });
  // Docker puts a header of 8 bytes before each line.
  const lines = log.toString().split("\n").filter((line) => line.includes(`"RequestPath":"${path}"`)).map((line) => line.slice(line.indexOf("{")));
  return lines.map((line) => JSON.parse(line) as { ServiceAddr: string; StartUTC: string; DownstreamStatus: number });
};
/** A request each 50 ms, whatever becomes of those before it; times in milliseconds since 1970. */
function steadyRequests(path: string): { stop: () => Promise<{ from: number; to: number; status: number }[]> } {
  const sent: Promise<{ from: number; to: number; status: number }>[] = [];
  const timer = setInterval(() => {
    const from = Date.now();
    sent.push(project.get(path).then(({ status }) => status, () => 0).then((status) => ({ from, to: Date.now(), status })));
  }, 50);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(sent);
    },
  };
}
/** Both replicas get requests of a path. */
const bothServe = (path: string, within: number) =>
  eventually("both replicas serve", within, async () => {
    for (let count = 0; count < 4; count += 1) assert.equal((await project.get(path)).status, 200);
    const servers = new Set((await answers(path)).map(({ ServiceAddr }) => ServiceAddr));
    return servers.size === 2 ? undefined : [...servers].join();
  });
const web = async () => (await project.containers("web")).map(({ Id }) => Id).toSorted();

test("a replica that hangs gets no request from 5 s after on, and is back once it answers", { skip: leftToTheNight }, async (context) => {
  const container = docker.getContainer((await web())[0] ?? "");
  await bothServe("/?before-hang", 30_000);
  const load = steadyRequests("/?hang");
  context.after(() => load.stop());
  await pause(container.id);
  const hung = Date.now();
  try {
    await delay(9000);
  } finally {
    await container.unpause();
  }
  const back = Date.now();
  const results = await load.stop();
  const after = results.filter(({ from }) => from >= hung + 5000 && from < back - 1000);
  const lost = results.filter(({ status }) => status !== 200);
  const waited = results.filter(({ from, to }) => to - from > 1000).map(({ from }) => from - hung);
  context.diagnostic(`${results.length} requests, ${lost.length} failed, ${waited.length} waited; the last of them came ${Math.max(0, ...waited, ...lost.map(({ from }) => from - hung))} ms after the hang`);
  assert.ok(waited.length + lost.length > 0, "no request came to the replica that hung");
  assert.ok(after.length > 20, `${after.length} requests`);
  assert.deepEqual(after.filter(({ status, to }) => status !== 200 || to >= back), []);
  await bothServe("/?after-hang", 30_000);
});

test("a replica that is killed serves again within 10 s, and the other answers meanwhile", async (context) => {
  const container = docker.getContainer((await web())[0] ?? "");
  const { RestartCount, Name } = await container.inspect();
  const load = steadyRequests("/?kill");
  context.after(() => load.stop());
  const killed = Date.now();
  await crash(container.id);
  let back = Infinity;
  await eventually("the killed replica serves", 30_000, async () => {
    const now = await container.inspect();
    if (now.RestartCount !== RestartCount + 1) return `${now.RestartCount} restarts`;
    const own = (await answers("/?kill")).filter(({ ServiceAddr, DownstreamStatus }) => `/${ServiceAddr}`.startsWith(`${Name}:`) && DownstreamStatus === 200);
    back = Math.min(...own.map(({ StartUTC }) => Date.parse(StartUTC)).filter((at) => at > Date.parse(now.State.StartedAt)));
    return back < Infinity ? undefined : `${own.length} answers of before`;
  });
  assert.ok(back - killed < 10_000, `${back - killed} ms`);
  const results = await load.stop();
  const lost = results.filter(({ status }) => status !== 200);
  context.diagnostic(`back after ${back - killed} ms; ${results.length} requests, ${lost.length} failed: ${lost.map(({ from, status }) => `${status} after ${from - killed} ms`).join(", ")}`);
  assert.deepEqual(lost, [], "what the killed replica could not take, or answer, is asked of the other");
});

test("while all replicas fail Traefik's check, as on a machine that is too busy, requests are tried all the same", { skip: leftToTheNight }, async (context) => {
  const [[postgres], [traefik]] = await Promise.all([project.containers("postgres"), project.containers("traefik")]);
  // What their health view needs; what the others need is there.
  const needed = docker.getContainer(postgres?.Id ?? "");
  const gauges = () => {
    const metrics = execFileSync("docker", ["exec", traefik?.Id ?? "", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/metrics"], { encoding: "utf8" });
    return metrics.split("\n").filter((line) => line.startsWith('traefik_service_server_up{service="members@file"')).map((line) => line.split(" ").at(-1));
  };
  const load = startLoad(project.http, "members.localhost", 2, [["/"]], { pause: 20 });
  context.after(() => load.stop());
  await pause(needed.id);
  try {
    await eventually("both fail", 30_000, () => Promise.resolve(gauges().every((value) => value === "0") ? undefined : gauges().join()));
    for (let count = 0; count < 20; count += 1) assert.equal((await project.get("/")).status, 200);
    assert.deepEqual(gauges(), ["0", "0"]);
  } finally {
    await needed.unpause();
  }
  await eventually("both are well again", 30_000, () => Promise.resolve(gauges().join() === "1,1" ? undefined : gauges().join()));
  const { failures, answered } = await load.stop();
  assert.deepEqual(failures, {}, `of ${answered} requests`);
});

test("a deploy of two replicas under load loses no request, those that take 5 s neither, and no old container is left", async () => {
  const before = await web();
  const load = startLoad(project.http, "members.localhost", 8, undefined, { pause: 20 });
  const slow = startLoad(project.http, "members.localhost", 6, [["/slow?ms=5000"]]);
  // It knows its own host alone, and one replica ends at Traefik's first check, before any request comes to it.
  await project.configure(settings(version2));
  project.edit(definition, "web: {", 'web: { balancing: "least-connections", sticky: true, bodyLimit: 1, headers: { "X-Frame-Options": "DENY", "Content-Type": "text/plain" },');
  await project.up();
  const [{ answered, failures }, ofSlow] = await Promise.all([load.stop(), slow.stop()]);
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  assert.ok(answered > 500, `only ${answered} requests were answered`);
  assert.deepEqual(ofSlow.failures, {}, `of ${ofSlow.answered} slow requests`);
  // Each worker has one on the way at any time, so some were when their replica was told to stop.
  assert.ok(ofSlow.answered >= 12, `only ${ofSlow.answered} slow requests were answered`);
  const now = await web();
  assert.equal(now.length, 2);
  assert.ok(now.every((id) => !before.includes(id)));
  const restarts = await Promise.all(now.map(async (id) => (await docker.getContainer(id).inspect()).RestartCount));
  assert.deepEqual(restarts.filter((count) => count > 0), [1], "one of them crashed, once");
});

test("least-connections: while a replica is busy with one request, the other gets all that come", async () => {
  const slow = project.get("/slow?ms=3000");
  for (let count = 0; count < 20; count += 1) assert.equal((await project.get("/?quick")).status, 200);
  assert.equal((await slow).status, 200);
  await eventually("Traefik's log has all requests", 10_000, async () => {
    const { length } = await answers("/?quick");
    return length === 20 && (await answers("/slow?ms=3000")).length === 1 ? undefined : `${length} of 20`;
  });
  const [busy] = await answers("/slow?ms=3000");
  const quick = (await answers("/?quick")).filter(({ StartUTC }) => StartUTC > (busy?.StartUTC ?? ""));
  assert.ok(quick.length >= 10, `only ${quick.length} came after the slow one`);
  assert.deepEqual(quick.filter(({ ServiceAddr }) => ServiceAddr === busy?.ServiceAddr), []);
});

const apps = (more: object, env: Record<string, string>) => (config: Record<string, unknown>) => {
  config["berth:apps"] = { members: { replicas: 2, memory: "128MiB", env, ...more } };
};
/** An update that must fail while the version before answers every request. */
async function refused(config: (config: Record<string, unknown>) => void): Promise<string> {
  const before = await web();
  const load = startLoad(project.http, "members.localhost", 2, undefined, { pause: 20 });
  await project.configure(config);
  const run = await project.berth(["up", "-s", project.stack]);
  const { failures, answered } = await load.stop();
  assert.notEqual(run.code, 0, run.output);
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  const now = await web();
  assert.ok(before.every((id) => now.includes(id)), "an old replica is gone");
  return run.output;
}

test("a middleware that Traefik can't make stops up with what is wrong, and no request is lost", async () => {
  const said = await refused(apps({ middlewares: [{ redirectRegex: { regex: "(", replacement: "" } }] }, version2));
  assert.match(said, /members: Traefik can't make a middleware of the new route: .*missing closing \).*; the version before serves on/);
});

test("healthy replicas that Traefik can't use stop up, each with what it answers, and get no request", async () => {
  const said = await refused(apps({ replicas: 3 }, { VERSION: "3", FAULTS: "local,host,https" }));
  assert.match(said, /the job "route-members" ended with exit code 1/);
  const answers = (said.match(/members-web-[012]-[0-9a-f]{7}:8000\/health, asked with Host members\.localhost and X-Forwarded-Proto http: .*/g) ?? []).map((line) => line.replace(/.*http: /, ""));
  assert.deepEqual(answers.toSorted(), [
    "301 -, to https://members.localhost/health; this stack has no HTTPS, so every request would be sent there",
    "400 -",
    "Connection refused: it listens on another port, or on 127.0.0.1 alone, which nobody else reaches; 0.0.0.0 is every address",
  ]);
});

test("one replica of two that is no good stops up likewise, and is named alone", async () => {
  const said = await refused(apps({}, { VERSION: "4", FAULTS: "missing" }));
  assert.deepEqual((said.match(/:8000\/health, asked .*/g) ?? []).map((line) => line.replace(/.*http: /, "")), ["404 -"]);
});

test("an image that does not exist stops up before anything of the version before is touched", async () => {
  const missing = `127.0.0.1:${project.registryPort}/members@sha256:${"0".repeat(64)}`;
  assert.match(await refused(apps({ image: missing }, { VERSION: "5" })), /members-image-pulled[\s\S]*(manifest unknown|not found)/);
});

test("a migration that fails stops up before the cut-over, with its last lines", async () => {
  const before = await web();
  await project.configure(settings({ POSTGRES_PASSWORD_FILE: "/run/secrets/none" }));
  const run = await project.berth(["up", "-s", project.stack]);
  assert.notEqual(run.code, 0);
  assert.match(run.output, /the job "members-migrate" ended with exit code \d+/);
  assert.match(run.output, /POSTGRES_PASSWORD_FILE is \/run\/secrets\/none, which can't be read/);
  assert.deepEqual(await web(), before);
  assert.equal((await project.get("/health")).status, 200);
});

test("the migration runs again at the next up; a version that never gets healthy stops it with its log; the old one serves, until the next good one", async () => {
  const before = await web();
  const load = startLoad(project.http, "members.localhost", 2, undefined, { pause: 20 });
  await project.configure(settings({ PORT: "not-a-port" }));
  for (const attempt of ["first", "second"]) {
    const run = await project.berth(["up", "-s", project.stack]);
    assert.notEqual(run.code, 0, `the ${attempt} attempt succeeded`);
    // A replica is made once the migration has ended well.
    assert.doesNotMatch(run.output, /members-migrate" ended/);
    assert.match(run.output, /members-web-[01]/);
    assert.match(run.output, /PORT is "not-a-port"/, "the application's own message is not shown");
    const serving = await web();
    assert.ok(before.every((id) => serving.includes(id)), "an old replica is gone");
  }
  const { failures, answered } = await load.stop();
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  project.write("apps/keeper/app.ts", keeper);
  await project.configure(withKeeper({ VERSION: "1" }));
  await project.up();
  const now = (await web()).length;
  assert.equal(now, 3, "two of members and one of keeper");
  assert.equal((await project.get("/health")).status, 200);
});

/** Like members, with a volume, which two containers can't have at once. */
const keeper = `export default {
  context: new URL("../members", import.meta.url).pathname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], stopGrace: 2, health: { wait: 20, path: "/", command: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"] } },
  database: true,
  volumes: { data: "/data" },
};
`;
const withKeeper = (env: Record<string, string>) => (config: Record<string, unknown>) => {
  settings({})(config);
  Object.assign(config["berth:apps"] as object, { keeper: { memory: "64MiB", env } });
};

test("an application with a volume whose new version is bad is back by itself; the next good version takes its place, and then nothing changes", async () => {
  const inKeeper = async (command: string) => {
    const [container] = (await project.containers("web")).filter(({ Labels, State }) => Labels["berth.app"] === "keeper" && State === "running");
    return execFileSync("docker", ["exec", container?.Id ?? "no keeper", "sh", "-c", command], { encoding: "utf8" }).trim();
  };
  await inKeeper("echo kept > /data/file");
  await project.configure(withKeeper({ PORT: "not-a-port" }));
  const run = await project.berth(["up", "-s", project.stack]);
  assert.notEqual(run.code, 0);
  assert.match(run.output, /PORT is "not-a-port"/);
  assert.match(run.output, /keeper-web-0 has a volume, so its old container was stopped before the new one was tried\. The version before runs again/);
  assert.deepEqual([(await project.get("/", "keeper")).body, await inKeeper("cat /data/file")], ['"1"', "kept"]);
  await project.configure(withKeeper({ VERSION: "2" }));
  await project.up();
  assert.deepEqual([(await project.get("/", "keeper")).body, await inKeeper("cat /data/file")], ['"2"', "kept"]);
  assert.equal((await web()).length, 3, "no stray is left");
  assert.deepEqual((await project.up()).changes, {});
});

// The hash of "password".
const staff = { basicAuth: { users: ["ops:$2b$05$sqUCM3FL8Cn4Ip9iijD5d.5O.phiCP5VtHi3NZezfonNvoE3pairK"] } };
const login = { authorization: `Basic ${Buffer.from("ops:password").toString("base64")}` };

test("routes: names, redirects and paths lead where the stack file says, through the middlewares, and no container is replaced", async () => {
  const before = await web();
  const asked = (host: string, path: string, more: Record<string, string> = {}) => ask(project.http, "GET", path, "", undefined, { host, ...login, ...more });
  await project.configure((config) => {
    withKeeper({ VERSION: "2" })(config);
    Object.assign((config["berth:apps"] as { members: object }).members, { hosts: ["also.localhost"], redirects: ["www.localhost"], paths: [{ host: "all.localhost", path: "/shop", strip: true }], middlewares: [staff] });
  });
  await project.up();
  assert.deepEqual(await web(), before);
  assert.deepEqual([(await asked("also.localhost", "/")).body, (await asked("all.localhost", "/shop/health")).body], ['""', '{"database":"connected"}']);
  assert.deepEqual([(await asked("all.localhost", "/shops")).status, (await asked("all.localhost", "/")).status], [404, 404]);
  const moved = await asked(`www.localhost:${project.http}`, "/a?b=c");
  assert.deepEqual([moved.status, moved.headers.location], [301, `//members.localhost:${project.http}/a?b=c`]);
  assert.deepEqual([(await project.get("/")).status, (await asked("members.localhost", "/", { authorization: "Basic b3BzOndyb25n" })).status], [401, 401]);
});

test("routes: headers are set, a body above the limit is refused, and a browser stays with its replica", async () => {
  const { status, headers } = await ask(project.http, "GET", "/?first", "members", undefined, login);
  assert.deepEqual([status, headers["x-frame-options"], headers["content-type"]], [200, "DENY", "text/plain"]);
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  assert.match(cookie, /^berth_members=./);
  for (let count = 0; count < 10; count += 1) assert.equal((await ask(project.http, "GET", "/?stays", "members", undefined, { ...login, cookie })).status, 200);
  await eventually("Traefik's log has all requests", 10_000, async () => ((await answers("/?stays")).length === 10 ? undefined : "not all"));
  assert.equal(new Set([...(await answers("/?first")), ...(await answers("/?stays"))].map(({ ServiceAddr }) => ServiceAddr)).size, 1);
  const posted = async (size: number, more = {}) => (await ask(project.http, "POST", "/", "members", "x".repeat(size), { ...login, ...more })).status;
  const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };
  assert.deepEqual([await posted(1024 ** 2), await posted(1024 ** 2 + 1), await posted(1024 ** 2 + 1, chunked)], [200, 413, 413]);
});
