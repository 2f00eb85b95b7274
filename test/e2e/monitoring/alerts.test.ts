import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import monitor from "../../../apps/profiles/monitor/app.ts";
import { dashboards, dependent } from "../../../components/monitoring/grafana-dashboards.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { MailServer } from "../servers/mail-server.ts";
import { onHost } from "../docker-host.ts";
import { docker, engine, Project } from "../project.ts";
import { Webhook } from "../servers/webhook.ts";
import { quickMonitoring } from "./quick.ts";

const run = promisify(execFile);

/** A worker that says at each turn that it works; a schedule whose runs fail, and one that is not due within its time. */
const tick = `export default {
  context: import.meta.dirname,
  worker: {
    command: ["/bin/bash", "-c", "trap exit TERM; while :; do touch /tmp/turn; sleep 1; done"],
    health: ["/bin/bash", "-c", "(( $(date +%s) - $(stat -c %Y /tmp/turn) < 10 ))"],
  },
  schedules: {
    refuse: { cron: "* * * * *", command: ["/bin/false"] },
    rest: { cron: "0 0 29 2 *", command: ["/bin/true"], alertAfter: 60 },
  },
};
`;

// One stack for the whole file. It shows the way of an alert to a receiver, not each alert: alert-tests.ts has these.
let project: Project;
let webhook: Webhook;
let mails: MailServer;
let password = "";
/** Messages of the dead-man's switch when it was silenced, and when that was, in milliseconds since 1970: one is due each 10 s. */
let arrived = 0;
let silenced = 0;
const switches = () => webhook.received.filter(({ labels }) => labels["alertname"] === "DeadMansSwitch").length;

before(async () => {
  webhook = await Webhook.create();
  project = await Project.create("alerts");
  quickMonitoring(project);
  project.edit("components/monitoring/alertmanager-config.ts", 'repeat_interval: "5m"', 'repeat_interval: "10s"');
  mails = await MailServer.create(`${project.stack}-mail`);
  project.write("apps/tick/Dockerfile", `FROM ${lock.toolbox}\n`);
  project.write("apps/tick/app.ts", tick);
  const address = await project.encrypted(webhook.url);
  const { username, password: mailPassword } = mails.login;
  const mail = { to: "ops@example.com", from: "berth@example.com", host: mails.host, username, caCertificate: mails.authority };
  const secret = await project.encrypted(mailPassword);
  await project.configure((config) => {
    config["berth:monitoring"] = { host: "prometheus.localhost", alerts: { webhook: true, mail } };
    config["berth:alertWebhook"] = address;
    config["berth:mailPassword"] = secret;
    config["berth:apps"] = { notes: { folder: "services/node", replicas: 2, memory: "128MiB" }, tick: { memory: "64MiB" } };
    delete config["members:KEY"];
  });
  await project.up();
  await mails.start(`berth-${project.stack}-egress`);
  const [prometheus] = await project.containers("prometheus");
  assert.equal((await project.get("/health", "notes")).status, 200);
  password = (await run("docker", ["exec", prometheus?.Id ?? "", "cat", "/run/secrets/password"])).stdout;
});
after(async () => {
  await mails[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
});

// First, as it takes two and a half minutes: a check each 30 s, two that fail, and the alert's patience. The others go on meanwhile.
test("a worker that works is seen, and no alert; then it hangs: its process is there, and makes no turn", async () => {
  const [worker] = await project.containers("worker");
  await eventually("Prometheus knows when its health command passed", 60_000, async () => {
    const { body } = await ask(`/api/v1/query?query=${encodeURIComponent('time() - berth_worker_last_healthy_timestamp_seconds{app="tick"} < 60')}`);
    return (JSON.parse(body) as { data: { result: unknown[] } }).data.result.length === 1 ? undefined : body;
  });
  const { State } = await docker.getContainer(worker?.Id ?? "").inspect();
  onHost(`kill -STOP ${State.Pid}`, "--pid", "host");
  assert.deepEqual(webhook.received.filter(({ labels }) => labels["alertname"] === "WorkerDown"), []);
});

test(`the dead-man's switch arrives after berth up on the ${engine} engine, with the name of the stack`, async () => {
  await eventually("DeadMansSwitch", 150_000, async () => webhook.lacks({ alertname: "DeadMansSwitch", stack: project.stack }));
});

test("the dead-man's switch can be silenced, and Alertmanager says so", async () => {
  const [alertmanager] = await project.containers("alertmanager");
  const amtool = async (...words: string[]) => (await run("docker", ["exec", alertmanager?.Id ?? "", "amtool", "--alertmanager.url=http://alertmanager:9093", ...words])).stdout.trim();
  const silence = await amtool("silence", "add", "alertname=DeadMansSwitch", "--duration=1h", "--author=test", "--comment=test");
  const found = async (kind: string) => (JSON.parse(await amtool("--output=json", "alert", "query", kind, "alertname=DeadMansSwitch")) as { status: { state: string; silencedBy: string[] } }[]).map(({ status }) => [status.state, ...status.silencedBy]);
  await eventually("the switch is silenced", 30_000, async () => ((await found("--active")).length === 0 ? undefined : "active"));
  assert.deepEqual(await found("--silenced"), [["suppressed", silence]]);
  arrived = switches();
  silenced = Date.now();
});

test("Prometheus has the applications and Alertmanager among its targets", async () => {
  const expected = ["alertmanager", "app-notes", "node", "postgres", "prometheus", "redis", "schedules-tick", "traefik", "worker-tick"];
  await eventually("all targets", 60_000, async () => {
    const { data } = JSON.parse((await ask("/api/v1/query?query=up==1")).body) as { data: { result: { metric: Record<string, string> }[] } };
    const jobs = data.result.map(({ metric }) => metric["job"]);
    return expected.every((job) => jobs.includes(job)) ? undefined : jobs.join();
  });
});

test("every query of every dashboard is one, and those of the parts that each stack has find something", async () => {
  const empty: string[] = [];
  await eventually("data for every panel", 120_000, async () => {
    empty.length = 0;
    for (const { uid, panels } of Object.values(dashboards([monitor.metrics]))) {
      for (const { title, targets } of panels) {
        for (const { expr } of targets) {
          const { status, body } = await ask(`/api/v1/query?query=${encodeURIComponent(expr.replaceAll("$__rate_interval", "1m"))}`);
          assert.equal(status, 200, `${uid}: ${title}: ${body}`);
          const { data } = JSON.parse(body) as { data: { result: unknown[] } };
          if (data.result.length === 0 && ![...dependent, "sites"].includes(uid)) empty.push(`${uid}: ${title}: ${expr}`);
        }
      }
    }
    return empty.length === 0 ? undefined : empty.join("\n");
  });
});

test("exporters and an application that stop, a process that is killed for lack of memory, a schedule that fails, one that is late and a worker that hangs are alerts at the webhook", async () => {
  // Its own limit, so the kernel kills nothing else.
  const greedy = run("docker", ["run", "--rm", "--pull", "never", "--network", "none", "--memory", "16m", "--memory-swap", "16m", lock.toolbox, "tail", "/dev/zero"]);
  await assert.rejects(greedy, { code: 137 });
  await eventually("the killed process in what the host's exporter says", 60_000, async () => {
    const { data } = JSON.parse((await ask("/api/v1/query?query=increase(node_vmstat_oom_kill[10m])>0")).body) as { data: { result: unknown[] } };
    return data.result.length > 0 ? undefined : "not there";
  });
  const stopped = (await Promise.all(["redis-exporter", "postgres-exporter", "node-exporter"].map((role) => project.containers(role)))).flat();
  const web = (await project.containers("web")).filter(({ Labels }) => Labels["berth.app"] === "notes");
  assert.equal(stopped.length, 3);
  assert.ok(web.length > 0);
  // On a slow machine a part that starts late was missing before.
  const before = webhook.received.length;
  await Promise.all([...stopped, ...web].map(({ Id }) => docker.getContainer(Id).stop()));
  await eventually("OutOfMemory", 90_000, async () => webhook.lacks({ alertname: "OutOfMemory", severity: "critical" }));
  // 3 s to the next scrape, 60 s of patience, 3 s to the next evaluation, 1 s for what belongs together.
  const jobs = ["app-notes", "node", "postgres", "redis"];
  const missing = () => webhook.received.slice(before).filter(({ status, labels }) => status === "firing" && labels["alertname"] === "TargetMissing" && labels["stack"] === project.stack);
  const seen = () => new Set(missing().map(({ labels }) => labels["job"]));
  await eventually("TargetMissing", 150_000, async () => (jobs.every((job) => seen().has(job)) ? undefined : [...seen()].join()));
  await eventually("ScheduleFailed", 90_000, async () => webhook.lacks({ alertname: "ScheduleFailed", app: "tick", task: "refuse" }));
  await eventually("ScheduleLate", 90_000, async () => webhook.lacks({ alertname: "ScheduleLate", app: "tick", task: "rest" }));
  await eventually("WorkerDown", 150_000, async () => webhook.lacks({ alertname: "WorkerDown", app: "tick", severity: "critical" }));
  assert.deepEqual(seen(), new Set(jobs));
  assert.match(missing()[0]?.annotations["description"] ?? "", /berth status/);
  await Promise.all([...stopped, ...web].map(({ Id }) => docker.getContainer(Id).start()));
});

test("the same alerts come by mail, over TLS and after a login, and the dead-man's switch does not", async () => {
  await eventually("a mail on the missing target", 60_000, async () => {
    const subjects = (await mails.received()).map(({ text }) => /^Subject: .*$/m.exec(text)?.[0] ?? "");
    return subjects.some((subject) => subject.includes("TargetMissing")) ? undefined : subjects.join("; ");
  });
  const received = await mails.received();
  for (const { secure, to } of received) assert.deepEqual([secure, to], [true, ["ops@example.com"]]);
  const mail = received.find(({ text }) => text.includes("TargetMissing"))?.text ?? "";
  assert.match(mail, /^Subject: \[FIRING:\d\] TargetMissing/m);
  assert.match(mail, /Is its container there, and healthy: berth status/);
  assert.ok(received.every(({ text }) => !text.includes("DeadMansSwitch")));
});

test("the silenced switch was due since, and nothing was sent", async () => {
  await eventually("Alertmanager has held a message back", 90_000, async () => {
    const { body } = await ask(`/api/v1/query?query=${encodeURIComponent('alertmanager_notifications_suppressed_total{reason="silence"} > 0')}`);
    return (JSON.parse(body) as { data: { result: unknown[] } }).data.result.length > 0 ? undefined : body;
  });
  assert.ok(Date.now() - silenced > 30_000);
  assert.equal(switches(), arrived);
});

test("Prometheus asks everybody who comes through Traefik for a login, and refuses applications", async () => {
  assert.equal((await ask("/api/v1/query?query=up", null)).status, 401);
  assert.equal((await ask("/api/v1/query?query=up", "wrong")).status, 401);
  const [prometheus] = await project.containers("prometheus");
  const [alertmanager] = await project.containers("alertmanager");
  const own = `berth-${project.stack}-app-notes`;
  const address = (container: typeof prometheus, network: string) => container?.NetworkSettings.Networks[network]?.IPAddress ?? "";
  assert.match(address(prometheus, own), /^\d/);
  await assert.rejects(connect(own, address(prometheus, own), 9090), /refused/);
  await assert.rejects(connect(`berth-${project.stack}-egress`, address(alertmanager, `berth-${project.stack}-egress`), 9093), /refused/);
});

/** From a container on a network of the stack. */
function connect(network: string, host: string, port: number) {
  const command = ["run", "--rm", "--pull", "never", "--network", network, "--entrypoint", "bash", lock.toolbox, "-c", `exec 3<>/dev/tcp/${host}/${port}`];
  return run("docker", command, { timeout: 30_000 });
}

/** A request to Prometheus through Traefik; `secret` is null for one without a login. */
async function ask(path: string, secret: string | null = password): Promise<{ status: number; body: string }> {
  const authorization = `Basic ${Buffer.from(`berth:${secret}`).toString("base64")}`;
  const headers = { host: "prometheus.localhost", ...(secret !== null && { authorization }) };
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: project.http, path, headers, timeout: 10_000, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${path}: no answer within 10 s`)));
    sent.end();
  });
}
