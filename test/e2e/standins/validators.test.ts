import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { hashSync } from "bcryptjs";
import { stringify } from "yaml";
import { alertsOf, renderRules } from "../../../components/monitoring/alert-rules.ts";
import { renderAlertmanagerConfig } from "../../../components/monitoring/alertmanager-config.ts";
import { collectorData, renderCollectorConfig } from "../../../components/monitoring/log-collector-config.ts";
import { renderLokiConfig } from "../../../components/monitoring/loki-config.ts";
import { renderDatabaseSql, renderMonitorSql, renderPgHba, renderPgIdent, renderPostgresConf } from "../../../components/postgres/postgres-config.ts";
import { renderGatewayConfig } from "../../../components/postgres/gateway-config.ts";
import { renderClientConfig, renderPrometheusConfig, renderWebConfig } from "../../../components/monitoring/prometheus-config.ts";
import { renderRedisAcl, renderRedisConf } from "../../../components/redis/redis-config.ts";
import { renderRegistryConfig } from "../../../components/image/registry.ts";
import { attemptMark, renderNames, renderNext, renderRoute, renderShared, type Route } from "../../../components/traefik/route-config.ts";
import { renderTraefikStatic } from "../../../components/traefik/traefik-config.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { everyMiddleware } from "../../unit/config/every-middleware.ts";
import { alertTests, watched } from "../monitoring/alert-tests.ts";

// What reads a rendered file has the last word on it: each program is run on its files, without a network.

const run = promisify(execFile);
const prefix = `berth-validate-${process.pid}`;
const made: string[] = [];

/** Why a test that needs this image can't run here; undefined when it can. */
function missing(image: string): string | undefined {
  try {
    execFileSync("docker", ["image", "inspect", image], { stdio: "ignore" });
    return undefined;
  } catch {
    return `there is no Docker Engine with the image ${image}`;
  }
}

interface Program {
  image: string;
  /** Absolute paths to contents. */
  files: Record<string, string>;
  command: [string, ...string[]];
  user?: string;
  tmpfs?: string[];
}

/** A container with files in it, created and not started. */
async function create({ image, files, command: [entrypoint, ...args], user = "", tmpfs = [] }: Program): Promise<string> {
  const name = `${prefix}-${made.length}`;
  made.push(name);
  const [uid = "0", gid = "0"] = user.split(":");
  const mounts = tmpfs.flatMap((path) => ["--tmpfs", `${path}:mode=0700,uid=${uid},gid=${gid}`]);
  await run("docker", ["create", "--name", name, "--network", "none", "--user", user, ...mounts, "--entrypoint", entrypoint, image, ...args]);
  const folder = mkdtempSync(join(tmpdir(), "berth-validate-"));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    // The folder itself is 0700; only what is in it is copied.
    for (const part of new Set(Object.keys(files).map((path) => path.split("/")[1] ?? ""))) await run("docker", ["cp", join(folder, part), `${name}:/`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return name;
}

/** Runs to the end; rejects with what it printed when the exit code is not 0. */
async function output(program: Program): Promise<string> {
  const name = await create(program);
  const { stdout, stderr } = await run("docker", ["start", "--attach", name]);
  return stdout + stderr;
}

async function start(program: Program): Promise<(...command: string[]) => Promise<string>> {
  const name = await create(program);
  await run("docker", ["start", name]);
  return async (...command) => (await run("docker", ["exec", name, ...command])).stdout;
}

/** The answer once `attempt` stops failing, for at most 20 s. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 200));
    }
  }
}

after(async () => {
  if (made.length > 0) await run("docker", ["rm", "--force", "--volumes", ...made]);
});

describe("the OpenTelemetry Collector", { skip: missing(lock.logCollector) }, () => {
  test("accepts its configuration, and refuses it with a component that it does not have", async () => {
    const config = renderCollectorConfig({ intake: "127.0.0.1:24224", metrics: { host: "127.0.0.1", port: 8888 }, loki: "http://loki:3100" });
    const validate = (text: string) => output({ image: lock.logCollector, files: { "/collector.yml": text }, command: ["/otelcol-contrib", "validate", "--config=/collector.yml"], user: "10001:10001", tmpfs: [collectorData] });
    await validate(config);
    await assert.rejects(validate(config.replaceAll("fluentforward", "fluentbackward")), /fluentbackward/);
  });
});

describe("Loki", { skip: missing(lock.loki) }, () => {
  test("accepts its configuration", async () => {
    const files = { "/loki.yml": renderLokiConfig({ host: "127.0.0.1", port: 3100, retention: "14d" }) };
    await output({ image: lock.loki, files, command: ["/usr/bin/loki", "-verify-config", "-config.file=/loki.yml"] });
  });
});

describe("promtool", { skip: missing(lock.prometheus) }, () => {
  const parts = { prometheus: "127.0.0.1:9090", node: "node-exporter:9100", traefik: "traefik:8080" };
  const secrets = { "/run/secrets/web.yml": renderWebConfig(hashSync("prometheus-password", 4)), "/run/secrets/client.yml": renderClientConfig(), "/run/secrets/password": "prometheus-password" };
  const files = { "/etc/berth/prometheus.yml": renderPrometheusConfig({ parts, ...watched, alertmanager: "alertmanager:9093" }), "/etc/berth/rules.yml": renderRules(watched), ...secrets };

  test("accepts prometheus.yml, the rules that it names and the login", async () => {
    const printed = await output({ image: lock.prometheus, files, command: ["promtool", "check", "config", "/etc/berth/prometheus.yml"] });
    assert.match(printed, new RegExp(`^  SUCCESS: ${alertsOf(watched).length + 3} rules found`, "m"));
    assert.match(await output({ image: lock.prometheus, files, command: ["promtool", "check", "web-config", "/run/secrets/web.yml"] }), /SUCCESS/);
  });

  test("reaches a Prometheus that asks for a login, as the health check and the command of `reach` do, and nobody else", async () => {
    const command: [string, ...string[]] = ["prometheus", "--config.file=/etc/berth/prometheus.yml", "--web.config.file=/run/secrets/web.yml", "--web.listen-address=127.0.0.1:9090", "--storage.tsdb.path=/prometheus"];
    const exec = await start({ image: lock.prometheus, files, command, user: "65534:65534", tmpfs: ["/prometheus"] });
    const client = "--http.config.file=/run/secrets/client.yml";
    await eventually(() => exec("promtool", "check", "healthy", "--url=http://127.0.0.1:9090", client));
    await eventually(async () => assert.match(await exec("promtool", "query", "instant", client, "http://127.0.0.1:9090", 'up{job="prometheus"}'), /=> 1 @/));
    await assert.rejects(exec("promtool", "check", "healthy", "--url=http://127.0.0.1:9090"), /401/);
    await assert.rejects(exec("wget", "-q", "-O", "-", "http://127.0.0.1:9090/-/healthy"), /401/);
  });

  test("sees each alert fire in a case where it must, and stay quiet in one where it must not", async () => {
    const { rules, tests } = alertTests();
    const written = Object.fromEntries(Object.entries({ ...rules, ...tests }).map(([name, file]) => [`/etc/berth/alerts/${name}`, stringify(file)]));
    await output({ image: lock.prometheus, files: written, command: ["promtool", "test", "rules", ...Object.keys(tests).map((name) => `/etc/berth/alerts/${name}`)], user: "65534:65534", tmpfs: ["/tmp"] });
  });
});

describe("amtool", { skip: missing(lock.alertmanager) }, () => {
  const mail = { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587" };
  for (const [way, receivers] of Object.entries({ "a webhook": { webhook: true }, mail: { mail }, both: { webhook: true, mail: { ...mail, username: "berth" } } })) {
    test(`accepts alertmanager.yml with ${way}`, async () => {
      const printed = await output({ image: lock.alertmanager, files: { "/etc/berth/alertmanager.yml": renderAlertmanagerConfig(receivers) }, command: ["amtool", "check-config", "/etc/berth/alertmanager.yml"] });
      assert.match(printed, /SUCCESS[^]*2 receivers/);
    });
  }

  test("sees the dead-man's switch go to the program that waits for it, and other alerts to people", async () => {
    const files = { "/etc/berth/alertmanager.yml": renderAlertmanagerConfig({ webhook: true, mail }) };
    const route = (alert: string) => output({ image: lock.alertmanager, files, command: ["amtool", "config", "routes", "test", "--config.file=/etc/berth/alertmanager.yml", `alertname=${alert}`] });
    assert.match(await route("DeadMansSwitch"), /^switch$/m);
    assert.match(await route("PostgresDown"), /^people$/m);
  });
});

describe("Traefik", { skip: missing(lock.traefik) }, () => {
  test("loads its static file and routes, even of applications called api and metrics, without an error", async () => {
    const route = (name: string): Route => ({ name, host: `${name}.localhost`, servers: [`${name}-0`, `${name}-1`], port: 3000, healthPath: "/health" });
    const written = ["shop", "api", "metrics"].map((name) => ({ name, ...renderRoute(route(name)) }));
    const files = written.map(({ name, text }) => [`/etc/traefik/routes/route-${name}.yml`, text]);
    // An earlier version had all routes in one file, and the new ones are written before it is.
    const earlier = renderRoute({ ...route("shop"), servers: ["gone"] }).text;
    const exec = await start({
      image: lock.traefik,
      files: { "/etc/berth/traefik.yml": renderTraefikStatic(), "/etc/traefik/routes/shared.yml": renderShared("10.2.0.0/24").text, ...Object.fromEntries(files), "/etc/traefik/routes/routes.yml": earlier },
      command: ["traefik", "--configFile=/etc/berth/traefik.yml"],
      user: "65532:65532",
    });
    const read = async (path: string) => JSON.parse(await exec("wget", "-q", "-O", "-", `http://127.0.0.1:8080/api/http/${path}`)) as { name: string; status: string; rule: string; error?: string[] }[];
    const routers = await eventually(async () => {
      const found = (await read("routers")).filter(({ name }) => name.endsWith("@file"));
      assert.equal(found.length, 5);
      return found;
    });
    for (const { name, status, error } of routers) assert.deepEqual([status, error], ["enabled", undefined], name);
    assert.deepEqual(routers.map(({ name }) => name.replace("@file", "")).toSorted(), ["api", "internal_api", "internal_metrics", "metrics", "shop"]);
    const middlewares = (await read("middlewares")).filter(({ status }) => status === "enabled").map(({ name }) => name);
    for (const { revision } of [renderShared("10.2.0.0/24"), ...written]) assert.ok(middlewares.includes(`${revision}@file`), revision);
    const { loadBalancer } = JSON.parse(await exec("wget", "-q", "-O", "-", "http://127.0.0.1:8080/api/http/services/shop@file")) as { loadBalancer: { servers: { url: string }[] } };
    assert.deepEqual(loadBalancer.servers.map(({ url }) => url), ["http://shop-0:3000", "http://shop-1:3000"], "of two files the first by name counts");
    await exec("traefik", "healthcheck", "--configFile=/etc/berth/traefik.yml");
    assert.match(await exec("wget", "-q", "-O", "-", "http://127.0.0.1:8080/metrics"), /^traefik_/m);
  });

  for (const secure of [false, true]) {
    test(`loads a route with every option, ${secure ? "by HTTPS" : "by HTTP"}, and what is to come of it`, async () => {
      const shop: Route = {
        name: "shop",
        host: "shop.localhost",
        hosts: ["shop.example.org"],
        redirects: ["www.localhost"],
        paths: [{ host: "example.com", path: "/shop", strip: true }],
        ports: { admin: { port: 9000, host: "admin.localhost" } },
        headers: { "X-Frame-Options": false, "Permissions-Policy": "camera=()" },
        middlewares: everyMiddleware,
        sticky: true,
        bodyLimit: 10,
        servers: ["shop-0", "shop-1"],
        port: 3000,
        healthPath: "/health",
      };
      const tls = secure ? { port: 443, email: "ops@example.com", server: "https://acme.invalid/directory" } : undefined;
      const exec = await start({
        image: lock.traefik,
        files: {
          "/etc/berth/traefik.yml": renderTraefikStatic(tls, { trustedProxies: ["10.0.0.0/8", "2001:db8::1"], readTimeout: "1h", writeTimeout: "1h", idleTimeout: "5m" }),
          "/etc/traefik/routes/shared.yml": renderShared("10.2.0.0/24", secure).text,
          "/etc/traefik/routes/route-shop.yml": renderRoute(shop, secure).text,
          "/etc/traefik/routes/next-shop.yml": (renderNext(shop, secure) ?? "").replaceAll(attemptMark, "1f"),
          // What it says of a middleware that it can't make is what the cut-over looks for.
          "/etc/traefik/routes/next-bad.yml": (renderNext({ ...shop, name: "bad", middlewares: [{ redirectRegex: { regex: "(", replacement: "" } }] }, secure) ?? "").replaceAll(attemptMark, "1f"),
        },
        command: ["traefik", "--configFile=/etc/berth/traefik.yml"],
        user: "65532:65532",
        tmpfs: ["/var/lib/traefik"],
      });
      const read = async (path: string) => await exec("wget", "-q", "-O", "-", `http://127.0.0.1:8080/api/http/${path}`);
      const routers = await eventually(async () => {
        const found = (JSON.parse(await read("routers?per_page=100")) as { name: string; status: string; error?: string[] }[]).filter(({ name }) => /^(next_)?(shop|bad)/.test(name));
        assert.equal(found.length, 12);
        return found;
      });
      for (const { name, status, error } of routers.filter(({ name }) => name !== "next_bad@file")) assert.deepEqual([status, error], ["enabled", undefined], name);
      assert.match(await read("routers/next_bad@file"), /"error":\["[^"]*missing closing \)[^"]*"\],"status":"disabled"/);
    });
  }

  test("believes what a proxy says that the request was asked by where the stack file names it, and nobody else", async () => {
    const tls = { port: 443, email: "ops@example.com", server: "https://acme.invalid/directory" };
    const asked = async (trustedProxies: string[]) => {
      const exec = await start({
        image: lock.traefik,
        files: { "/etc/berth/traefik.yml": renderTraefikStatic(tls, { trustedProxies }), "/etc/traefik/routes/shared.yml": renderShared("10.2.0.0/24", true).text },
        command: ["traefik", "--configFile=/etc/berth/traefik.yml"],
        user: "65532:65532",
        tmpfs: ["/var/lib/traefik"],
      });
      await eventually(() => exec("wget", "-q", "-O", "-", `http://127.0.0.1:8080/api/http/middlewares/${renderShared("10.2.0.0/24", true).revision}@file`));
      // What was asked by HTTPS already is not redirected to it; behind the redirect is nothing.
      const request = "wget -S -O /dev/null --header 'Host: shop.example.com' --header 'X-Forwarded-Proto: https' http://127.0.0.1:8000/ 2>&1 || true";
      return /HTTP\/1.1 (\d+)/.exec(await exec("sh", "-c", request))?.[1];
    };
    assert.deepEqual([await asked(["127.0.0.0/8"]), await asked(["10.0.0.0/8"])], ["418", "301"]);
  });

  test("loads the routes of a stack without applications", async () => {
    const exec = await start({
      image: lock.traefik,
      files: { "/etc/berth/traefik.yml": renderTraefikStatic(), "/etc/traefik/routes/shared.yml": renderShared("10.2.0.0/24").text, "/etc/traefik/routes/routes.yml": renderNames([]).text },
      command: ["traefik", "--configFile=/etc/berth/traefik.yml"],
      user: "65532:65532",
    });
    const { revision } = renderNames([]);
    await eventually(async () => assert.match(await exec("wget", "-q", "-O", "-", `http://127.0.0.1:8080/api/http/middlewares/${revision}@file`), /"enabled"/));
  });
});

describe("Redis", { skip: missing(lock.redis) }, () => {
  test("loads redis.conf and the ACL file, and keeps each user to its own", async () => {
    const exec = await start({
      image: lock.redis,
      files: { "/etc/berth/redis.conf": renderRedisConf(128, "allkeys-lru"), "/run/secrets/users.acl": renderRedisAcl({ shop: "shop-password" }, "exporter-password", "admin-password") },
      command: ["redis-server", "/etc/berth/redis.conf"],
      user: "999:999",
      tmpfs: ["/data"],
    });
    await eventually(async () => assert.equal((await exec("redis-cli", "ping")).trim(), "PONG"));
    const as = async (user: string, ...command: string[]) =>
      (await exec("redis-cli", "--no-auth-warning", "--user", user, "--pass", `${user}-password`, ...command)).trim();
    assert.match(await exec("redis-cli", "get", "shop:1"), /NOPERM/);
    assert.equal(await as("shop", "set", "shop:1", "x"), "OK");
    assert.match(await as("shop", "set", "cart:1", "x"), /NOPERM/);
    for (const command of [["config", "get", "*"], ["flushall"], ["shutdown"], ["acl", "list"], ["keys", "*"]]) assert.match(await as("shop", ...command), /NOPERM/, command[0]);
    assert.match(await as("shop", "info", "server"), /redis_version/);
    assert.match(await as("exporter", "info", "memory"), /maxmemory:100663296/);
    assert.match(await as("exporter", "config", "get", "appendfsync"), /everysec/);
    assert.match(await as("exporter", "get", "shop:1"), /NOPERM/);
    // A refused login leaves the user without a password, who may not read.
    assert.match(await exec("redis-cli", "--user", "shop", "--pass", "wrong", "get", "shop:1"), /NOPERM/);
  });
});

describe("HAProxy", { skip: missing(lock.gateway) }, () => {
  test("accepts haproxy.cfg without a warning, also where no address is known that nobody has, and refuses it with a word that it does not know", async () => {
    const check = (text: string) => output({ image: lock.gateway, files: { "/etc/berth/haproxy.cfg": text }, command: ["haproxy", "-c", "-f", "/etc/berth/haproxy.cfg"], user: "99:99" });
    for (const nobody of ["10.9.0.1", ""]) assert.doesNotMatch(await check(renderGatewayConfig({ server: "postgres-server", port: 5432, nobody })), /WARNING|ALERT/);
    await assert.rejects(check(renderGatewayConfig({ server: "postgres-server", port: 5432, nobody: "10.9.0.1" }).replace("redispatch", "redispatched")), /redispatched/);
  });
});

describe("Postgres", { skip: missing(lock.postgres) }, () => {
  const programs = "/usr/lib/postgresql/17/bin";
  const script = `${programs}/initdb -D /data/17 -U postgres --data-checksums --auth-local=peer --auth-host=scram-sha-256 --locale=C.UTF-8 >/dev/null &&
    exec ${programs}/postgres -D /data/17 -c config_file=/etc/berth/postgresql.conf`;

  test("accepts postgresql.conf, pg_hba.conf and the SQL of roles twice, and logs no password", async () => {
    const files: Record<string, string> = {
      "/etc/berth/postgresql.conf": `${renderPostgresConf({ memory: 256, connections: 20 })}log_statement = 'none'\n`,
      "/etc/berth/pg_hba.conf": renderPgHba(),
      "/etc/berth/pg_ident.conf": renderPgIdent(),
      "/sql/password": "canary-password",
      "/sql/shop.sql": renderDatabaseSql("my-shop", "/sql/password", { connections: 5, temporaryFiles: 64 }),
      "/sql/exporter.sql": renderMonitorSql("exporter", "/sql/password"),
    };
    const exec = await start({ image: lock.postgres, files, command: ["/bin/sh", "-c", script], user: "999:999", tmpfs: ["/data", "/var/run/postgresql"] });
    const name = made.at(-1) ?? "";
    const psql = async (...args: string[]) => await exec(`${programs}/psql`, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", "/var/run/postgresql", "-U", "postgres", "-d", "postgres", "-At", ...args);
    await eventually(() => psql("-c", "SELECT 1"));
    assert.equal(await psql("-c", "SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL OR NOT applied"), "0\n");
    assert.equal(await psql("-c", "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL"), "0\n");
    assert.equal(await psql("-c", "SELECT count(*) FROM pg_ident_file_mappings WHERE error IS NOT NULL"), "0\n");
    assert.equal(await psql("-c", "SHOW data_checksums"), "on\n");
    for (const file of ["shop", "shop", "exporter", "exporter"]) await psql("-f", `/sql/${file}.sql`);
    assert.equal(await psql("-c", "SELECT rolname, rolsuper FROM pg_roles WHERE rolname IN ('my-shop', 'exporter') ORDER BY 1"), "exporter|f\nmy-shop|f\n");
    assert.equal(await psql("-c", "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'my-shop'"), "my-shop\n");
    assert.equal(await psql("-c", "SELECT has_database_privilege('exporter', 'my-shop', 'CONNECT')"), "f\n");
    const login = (user: string, password: string, database: string) => exec("/bin/sh", "-c", `PGPASSWORD=${password} ${programs}/psql -h 127.0.0.1 -U ${user} -d ${database} -Atc 'SELECT current_user'`);
    assert.equal(await login("my-shop", "canary-password", "my-shop"), "my-shop\n");
    await assert.rejects(login("my-shop", "wrong", "my-shop"), /password authentication failed/);
    await assert.rejects(login("exporter", "canary-password", "my-shop"), /permission denied for database/);
    await assert.rejects(login("postgres", "canary-password", "postgres"), /pg_hba\.conf rejects/);
    const { stdout, stderr } = await run("docker", ["logs", name]);
    assert.ok(!`${stdout}${stderr}`.includes("canary-password"));
  });
});

describe("the registry", { skip: missing(lock.registry) }, () => {
  test("loads its config.yml, is healthy, and wants the login", async () => {
    const exec = await start({
      image: lock.registry,
      files: { "/etc/berth/config.yml": renderRegistryConfig(), "/etc/berth/htpasswd": `berth:${hashSync("registry-password", 4)}\n` },
      command: ["registry", "serve", "/etc/berth/config.yml"],
      user: "65533:65533",
      tmpfs: ["/var/lib/registry"],
    });
    await eventually(() => exec("wget", "-q", "-O", "-", "http://127.0.0.1:5001/debug/health"));
    await assert.rejects(exec("wget", "-q", "-O", "-", "http://127.0.0.1:5000/v2/"));
    const login = Buffer.from("berth:registry-password").toString("base64");
    assert.equal((await exec("wget", "-q", "-O", "-", "--header", `Authorization: Basic ${login}`, "http://127.0.0.1:5000/v2/")).trim(), "{}");
  });
});
