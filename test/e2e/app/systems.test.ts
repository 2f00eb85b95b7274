import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { ScheduleStatus } from "../../../cli/schedules/schedules.ts";
import { eventually } from "../eventually.ts";
import { startLoad } from "../load.ts";
import { quickMonitoring } from "../monitoring/quick.ts";
import { accounts, OutsideWorld } from "../servers/outside-world.ts";
import { docker, engine, Project, type UpResult } from "../project.ts";
import { Visitor } from "../visitor.ts";
import { root, rootQuestions, rootSecret } from "./root.ts";

const run = promisify(execFile);
const password = "correct-horse-battery-1";
const slow = process.env["BERTH_TEST_SLOW"] === "1";
const withoutPcf = slow ? false : "its dependencies compile for a quarter of an hour on a new machine; BERTH_TEST_SLOW=1 runs it";

// One stack for the whole file, from the real folders of apps/: each test goes on from where the last one left it.
let project: Project;
let world: OutsideWorld;
let first: UpResult;

before(async () => {
  world = await OutsideWorld.create();
  project = await Project.create("systems");
  quickMonitoring(project);
  // Each 15 s in place of each hour, so that a run can be awaited.
  project.edit("apps/deliver/app.ts", 'cron: "30 * * * *"', 'cron: "*/15 * * * * * *"');
  await configure();
  first = await project.up();
});
after(async () => {
  await project[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

interface Changes {
  /** Seconds, of deliver. */
  lease?: string;
  /** Secrets that the stack file lacks. */
  without?: string[];
}

async function configure({ lease = "60", without = [] }: Changes = {}): Promise<void> {
  const secrets: Record<string, string> = {
    "root:ROOT_SECRET": rootSecret,
    "profiles:DJANGO_SECRET_KEY": "a secret key of more than 32 characters",
    "profiles:SENTRY_DSN": `http://key@${world.host}/1`,
    "deliver:REDDIT_CLIENT_ID": accounts.redditId,
    "deliver:REDDIT_CLIENT_SECRET": accounts.redditSecret,
    "deliver:DEEPL_API_KEY": accounts.deeplKey,
    "deliver:DELIVER_WEBHOOK_URL": `http://${world.host}/hook`,
    ...(slow && { "pcf:JWT_SECRET": "a key of more than 32 bytes for access tokens" }),
  };
  const encrypted = await Promise.all(Object.entries(secrets).map(async ([name, value]) => [name, await project.encrypted(value)] as const));
  await project.configure((config) => {
    delete config["members:KEY"];
    config["berth:environment"] = "dev";
    // As in dev: one compilation for this stack, that one and the applications' own tests.
    config["berth:builds"] = "quick";
    config["berth:developer"] = { databases: "adminer.localhost", mail: "mail.localhost" };
    config["berth:apps"] = {
      // Another version with each lease, so that one update deploys both.
      root: { replicas: 2, memory: "128MiB", env: { RUST_LOG: `info,lease_${lease}=warn` } },
      profiles: {
        replicas: 2,
        env: {
          // Production's, with a page that fails, for Sentry; Traefik has no TLS here.
          DJANGO_SETTINGS_MODULE: "config.settings.test",
          DJANGO_HTTPS: "false",
          DJANGO_ALLOWED_HOSTS: "profiles.localhost",
          DJANGO_EMAIL_HOST: "mail",
          DJANGO_EMAIL_PORT: "1025",
        },
      },
      monitor: {
        folder: "profiles/monitor",
        env: {
          INTERVAL_SECONDS: "2",
          SITE_CHECKS: JSON.stringify([{ name: "profiles", url: "http://traefik:8000/", host: "profiles.localhost", contains: "People" }]),
        },
      },
      deliver: {
        env: {
          REDDIT_API_URL: `http://${world.host}/reddit`,
          DEEPL_API_URL: `http://${world.host}/deepl`,
          DELIVER_INTERVAL: "1",
          DELIVER_LEASE: lease,
        },
      },
      ...(slow && { pcf: { replicas: 3, memory: "128MiB", env: { PCF_ENVIRONMENT: "production" } } }),
    };
    Object.assign(config, Object.fromEntries(encrypted.filter(([name]) => !without.includes(name))));
  });
}

/** A command of berth, which must succeed; what it printed on stdout. */
async function berth(command: string, app: string, ...words: string[]): Promise<string> {
  const { code, stdout, output } = await project.berth([command, app, "-s", project.stack, "--", ...words]);
  assert.equal(code, 0, output);
  return stdout;
}

async function replicas(app: string, role = "web") {
  return (await project.containers(role)).filter(({ Labels }) => Labels["berth.app"] === app);
}

/** An instant query; labels and value of each series. */
async function query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]> {
  const [prometheus] = await project.containers("prometheus");
  const words = ["promtool", "query", "-o", "json", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", expression];
  const { stdout } = await run("docker", ["exec", prometheus?.Id ?? "", ...words]);
  const series = JSON.parse(stdout) as { metric: Record<string, string>; value: [number, string] }[];
  return series.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** Awaits a query's values. */
function becomes(expression: string, ...values: number[]): Promise<void> {
  return eventually(`${expression} is ${values.join()}`, 60_000, async () => {
    const seen = (await query(expression)).map(({ value }) => value).join();
    return seen === values.join() ? undefined : `"${seen}"`;
  });
}

/** The hidden field against forged requests in a page of Django. */
const tokenOf = (page: string) => /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1] ?? "";

test(`profiles on the ${engine} engine: migrated, healthy, and its static files are served with names that browsers may keep`, async () => {
  assert.equal(first.addresses["profiles"], `http://profiles.localhost:${project.http}`);
  const health = await project.get("/health/", "profiles");
  assert.deepEqual([health.status, (JSON.parse(health.body) as { database: string }).database], [200, "connected"]);
  assert.equal((await replicas("profiles")).length, 2);
  assert.match(await berth("run", "profiles", "python", "manage.py", "migrate"), /No migrations to apply/);
  const page = await project.get("/", "profiles");
  const style = /\/static\/people\/site\.[0-9a-f]+\.css/.exec(page.body)?.[0] ?? "no style sheet";
  const file = await project.get(style, "profiles");
  assert.deepEqual([file.status, file.headers["cache-control"]], [200, "max-age=315360000, public, immutable"], style);
});

test("profiles: who logs in through Traefik is logged in at both replicas, by a session in Redis", async () => {
  const make = ["python", "manage.py", "createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.com"];
  assert.match(await berth("exec", "profiles", "env", `DJANGO_SUPERUSER_PASSWORD=${password}`, ...make), /Superuser created/);
  const ada = new Visitor(project.http, "profiles.localhost");
  const login = (secret: string, page: string) => ada.post("/accounts/login/", { csrfmiddlewaretoken: tokenOf(page), username: "ada", password: secret, next: "/" });
  const { body } = await ada.get("/accounts/login/");
  assert.equal((await login("wrong", body)).status, 200);
  assert.equal((await ada.get("/people/new/")).status, 302);
  assert.equal((await login(password, body)).status, 302);
  for (let request = 0; request < 8; request++) assert.equal((await ada.get("/people/new/?session")).status, 200);
  const [one, two] = await Promise.all((await replicas("profiles")).map(async ({ Id }) => (await run("docker", ["logs", Id])).stdout));
  for (const log of [one, two]) assert.match(log ?? "", /"path": ?"\/people\/new\//, "a replica answered none of the requests");
  const key = `profiles:session:1:${ada.cookies.get("sessionid")}`;
  assert.equal((await berth("redis", "profiles", "exists", key)).trim(), "1");
  assert.equal((await berth("redis", "profiles", "del", key)).trim(), "1");
  assert.equal((await ada.get("/people/new/")).status, 302);
});

test("profiles: a mail is in the mail catcher, an error at Sentry, which is outside the stack; Adminer shows its tables", async () => {
  const guest = new Visitor(project.http, "profiles.localhost");
  const { body } = await guest.get("/accounts/password_reset/");
  assert.equal((await guest.post("/accounts/password_reset/", { csrfmiddlewaretoken: tokenOf(body), email: "ada@example.com" })).status, 302);
  await eventually("the mail", 20_000, async () => {
    const { body: mails } = await project.get("/email", "mail");
    return mails.includes("ada@example.com") && mails.includes("http://profiles.localhost/accounts/reset/") ? undefined : mails;
  });
  assert.equal((await guest.get("/trial/fail")).status, 500);
  await eventually("the event", 20_000, async () => (world.events.some((event) => event.includes("failed on purpose")) ? undefined : `${world.events.length} others`));
  const browser = new Visitor(project.http, "adminer.localhost");
  const secret = await berth("exec", "profiles", "cat", "/run/secrets/POSTGRES_PASSWORD");
  const login = { driver: "pgsql", server: "postgres-server", username: "profiles", password: secret, db: "profiles" };
  const entered = await browser.post("/", Object.fromEntries(Object.entries(login).map(([name, value]) => [`auth[${name}]`, value])));
  assert.match((await browser.follow(entered)).body, /people_person/);
});

root(() => project);

test("Prometheus scrapes profiles at both replicas, its monitor, deliver and deliver's schedules", async () => {
  await becomes('up{job="app-profiles"}', 1, 1);
  await becomes('up{job=~"app-(monitor|deliver)"}', 1, 1);
  await becomes('up{job="app-root"}', 1, 1);
  await becomes('up{job="schedules-deliver"}', 1, 1, 1);
  await becomes('sum(http_errors_total{app="profiles"}) >= bool 1', 1);
});

test("monitor: a site that is down is 0 in Prometheus, an alert, and on the status page; and 1 when it is back", async () => {
  const up = 'site_up{site="profiles"}';
  await becomes(up, 1);
  assert.match((await project.get("/", "monitor")).body, /<h1>All sites are up<\/h1>/);
  const down = await replicas("profiles");
  await Promise.all(down.map(({ Id }) => docker.getContainer(Id).stop()));
  try {
    await becomes(up, 0);
    assert.match((await project.get("/", "monitor")).body, /<h1>profiles: down<\/h1>[^]*status 50\d instead of 200/);
    await becomes('count(ALERTS{alertname="SiteDown",site="profiles",app="monitor",severity="critical"})', 1);
  } finally {
    await Promise.all(down.map(({ Id }) => docker.getContainer(Id).start()));
  }
  await becomes(up, 1);
  assert.match((await project.get("/", "monitor")).body, /<h1>All sites are up<\/h1>/);
});

test("deliver: a feed that is added in the container is polled, translated and delivered; its image is below 500 MB", async () => {
  world.publish("one");
  await berth("exec", "deliver", "deliver", "feeds", "add", "rust", "--lang", "DE", "--backlog", "1");
  await eventually("the post at the webhook", 30_000, async () => (world.delivered.length > 0 ? undefined : berth("exec", "deliver", "deliver", "status")));
  assert.deepEqual([world.delivered[0]?.id, world.delivered[0]?.title], ["t3_one:DE", "<DE>Title one"]);
  const [worker] = await replicas("deliver", "worker");
  const { Size } = await docker.getImage(worker?.ImageID ?? "").inspect();
  assert.ok(Size < 500_000_000, `${Size} bytes`);
});

test("deliver: posts, feeds and backups outlive the container, and a run of berth and a schedule work on the same database; root is deployed under load and loses no request", async () => {
  const [before] = await replicas("deliver", "worker");
  await berth("exec", "deliver", "deliver", "backup");
  const load = startLoad(project.http, "root.localhost", 4, rootQuestions, { pause: 20, limit: 300_000 });
  await configure({ lease: "30" });
  await project.up();
  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, {}, `root, of ${answered} requests`);
  assert.ok(answered > 100, `root answered only ${answered} requests`);
  const [now] = await replicas("deliver", "worker");
  assert.notEqual(now?.Id, before?.Id);
  const status = await berth("exec", "deliver", "deliver", "status");
  assert.match(status, /^posts\tdelivered\t1$/m);
  assert.match(status, /^backup\t\/app\/data\/backups\/deliver-/m);
  assert.match(await berth("run", "deliver", "deliver", "feeds", "list"), /^rust\tDE\t/m);
  await berth("run", "deliver", "deliver", "verify");
  await berth("run", "deliver", "deliver", "monitor", "start", "--once");
  assert.deepEqual(world.delivered.map(({ id }) => id), ["t3_one:DE"]);
  await eventually("a run of the schedule", 60_000, async () => {
    const { stdout } = await project.berth(["schedules", "-s", project.stack, "--json"]);
    const { schedules } = JSON.parse(stdout) as { schedules: ScheduleStatus[] };
    const once = schedules.find(({ schedule }) => schedule === "deliver/once");
    return once?.lastResult === "succeeded" ? undefined : JSON.stringify(once);
  });
});

test("pcf: a user made in the container logs in, and a project is read from the cache, with three replicas", { skip: withoutPcf }, async () => {
  assert.equal((await replicas("pcf")).length, 3);
  assert.equal((await project.get("/health", "pcf")).status, 200);
  await berth("run", "pcf", "pcf", "migrate");
  await berth("exec", "pcf", "sh", "-c", `echo ${password} | pcf add-user ada`);
  const ada = new Visitor(project.http, "pcf.localhost");
  const session = await ada.json("POST", "/sessions", { name: "ada", password });
  assert.equal(session.status, 201, session.body);
  const bearer = { authorization: `Bearer ${(JSON.parse(session.body) as { access_token: string }).access_token}` };
  const made = await ada.json("POST", "/projects", { name: "first" }, bearer);
  assert.equal(made.status, 201, made.body);
  const path = `/projects/${(JSON.parse(made.body) as { id: number }).id}`;
  const reads = [];
  for (let read = 0; read < 6; read++) reads.push((await ada.get(path, bearer)).headers["x-cache"]);
  assert.deepEqual(reads, ["miss", "hit", "hit", "hit", "hit", "hit"]);
  assert.equal((await ada.get(path)).status, 401);
  await becomes('up{job="app-pcf"}', 1, 1, 1);
});

test("deliver: a preview without its secrets is refused, and names all three", async () => {
  const names = ["REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET", "DEEPL_API_KEY"];
  await configure({ without: names.map((name) => `deliver:${name}`) });
  const { code, output } = await project.berth(["preview", "-s", project.stack]);
  assert.equal(code, 1, output);
  for (const name of names) assert.match(output, new RegExp(`deliver:${name} in stack "${project.stack}" is nothing`));
  assert.doesNotMatch(output, /DELIVER_WEBHOOK_URL/);
});
