import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { readEnvironment } from "../../../../cli/init/environment.ts";
import { isForDevelopment, looksSecret } from "../../../../cli/init/setting.ts";
import { environmentLines } from "../../../../cli/init/variables-told.ts";
import { holdsSecret } from "../../../../policy/secret-rules.ts";
import { entryLines, withEntry } from "../../../../cli/new/entry.ts";

const read = (lines: string[], image: Record<string, string> = {}) => readEnvironment({ sample: lines.join("\n"), image });

describe("the variables of a sample", () => {
  test("give settings with their values, and of secrets the names alone", () => {
    const found = readEnvironment({
      sample: ["# the sample", "GREETING='hello you'", "SESSION_KEY=canary-1", "apiToken=canary-2", "MAIL_URL=smtp://me:canary-3@mail:25", "POSTGRES_PASSWORD=canary-4", "POSTGRES_HOST=db", "REDIS_URL=redis://:canary-5@cache", "KEYBOARD=qwertz", "TLS_KEY_FILE=/k"].join("\n"),
      image: { API_SECRET: "canary-7", PATH: "/bin" },
    });
    assert.deepEqual(found, {
      env: { GREETING: "hello you", KEYBOARD: "qwertz", TLS_KEY_FILE: "/k" },
      secrets: ["API_SECRET", "MAIL_URL", "SESSION_KEY", "apiToken"],
      optional: [],
      buildArgs: {},
      database: true,
      cache: true,
      prefixed: false,
      derived: {},
      volumes: [],
      unset: {},
    });
    assert.doesNotMatch(JSON.stringify(found), /canary/);
  });

  test("that are empty stay unset: a secret is optional, and nothing is made up for it", () => {
    const found = read(["SENTRY_DSN=", "SMTP_PASSWORD=", "TITLE="]);
    assert.deepEqual([found.secrets, found.optional, found.unset, found.env], [[], ["SENTRY_DSN", "SMTP_PASSWORD"], { empty: ["TITLE"] }, {}]);
    assert.match(environmentLines(found).join("\n"), /unset until \.\/berth secret set sets them: SENTRY_DSN, SMTP_PASSWORD\nTITLE have no value/);
  });

  test("that count, time or switch something are settings, whatever word is in their names", () => {
    const env = { MAX_TOKENS: "4096", ACCESS_TOKEN_EXPIRE_MINUTES: "30", DISABLE_PASSWORD_LOGIN: "true", REFRESH_TOKEN_TTL: "7d", PASSWORD_MIN_LENGTH: "12" };
    assert.deepEqual(read(Object.entries(env).map(([name, value]) => `${name}=${value}`)).env, env);
    assert.ok(looksSecret("ADMIN_PASSWORD", "123456"), "the number is the password");
    assert.ok(looksSecret("API_KEY", "changeme"));
  });

  test("never override the image, and those for a developer's machine are told and not set", () => {
    const found = read(["PORT=8080", "NODE_ENV=development", "HOST=127.0.0.1", "APP_ENV=local", "DEBUG=true", "WEB_URL=http://localhost:3000/a", "LEVEL=info"], { PORT: "3000", NODE_ENV: "production", HOST: "0.0.0.0" });
    assert.deepEqual(found.env, { LEVEL: "info" });
    assert.deepEqual(found.unset, { development: ["APP_ENV=local", "DEBUG=true", "WEB_URL=http://localhost:3000/a"], inImage: ["HOST", "NODE_ENV", "PORT"] });
    assert.ok(isForDevelopment("BIND", "[::1]:80") && !isForDevelopment("SITE", "https://localhost.example.com"));
    const told = environmentLines(found).join("\n");
    assert.match(told, /the image sets HOST, NODE_ENV, PORT itself/);
    assert.match(told, /APP_ENV=local, DEBUG=true, WEB_URL=http:\/\/localhost:3000\/a: values for a developer's machine are not taken over/);
  });

  test("of a file of SQLite bring a volume and no Postgres, whatever the variable is called", () => {
    const found = read(["DATABASE_URL=file:./data/app.db"]);
    assert.deepEqual([found.database, found.env, found.volumes, found.secrets], [false, { DATABASE_URL: "file:/data/app.db" }, ["/data"], []]);
    assert.deepEqual(read(["DB_PATH=/var/lib/app/app.sqlite"]).volumes, ["/var/lib/app"]);
    const memory = read(["DATABASE_URL=sqlite://"]);
    assert.deepEqual([memory.env, memory.volumes, memory.database], [{ DATABASE_URL: "sqlite://" }, [], false]);
  });

  test("are a database or a cache by the scheme of their address, and get Berth's under their own names", () => {
    const found = read(["APP_PRIVATE_DATABASE_URL=postgres://me:canary@localhost/app", "CELERY_BROKER_URL=redis://localhost:6379/1", "DB_HOST=localhost", "DB_PASSWORD=canary"]);
    assert.deepEqual(found.derived, {
      APP_PRIVATE_DATABASE_URL: "${DATABASE_URL}",
      CELERY_BROKER_URL: "redis://${REDIS_USER}:${REDIS_PASSWORD}@${REDIS_HOST}:${REDIS_PORT}/1",
      DB_HOST: "${POSTGRES_HOST}",
      DB_PASSWORD: "${POSTGRES_PASSWORD}",
    });
    assert.deepEqual([found.database, found.cache, found.secrets], [true, true, []]);
    assert.doesNotMatch(JSON.stringify(found), /canary/);
  });

  test("of a database that Berth does not have are named with what to do, and none is made up", () => {
    const found = read(["DATABASE_URL=mysql://me:canary@db/app", "DB_CONNECTION=mysql", "DB_HOST=db", "DB_PASSWORD=canary"]);
    assert.deepEqual([found.database, found.secrets, found.optional, found.derived], [false, [], ["DATABASE_URL", "DB_PASSWORD"], {}]);
    assert.match(environmentLines(found).join("\n"), /DATABASE_URL, DB_HOST, DB_PASSWORD: it wants MySQL, which Berth does not have\. Run MySQL elsewhere/);
    assert.doesNotMatch(JSON.stringify(found), /canary/);
  });

  test("that are read in the build are arguments of it, where the Dockerfile has them", () => {
    const sample = "NEXT_PUBLIC_TITLE=Shop\nVITE_API=/api\nNEXT_PUBLIC_MAP_KEY=canary\nREGION=eu\nNEXT_PUBLIC_SITE=http://localhost:3000\n";
    const found = readEnvironment({ sample, image: {}, args: ["NEXT_PUBLIC_TITLE", "NEXT_PUBLIC_MAP_KEY", "NEXT_PUBLIC_SITE", "REGION"] });
    assert.deepEqual([found.buildArgs, found.env, found.secrets], [{ NEXT_PUBLIC_TITLE: "Shop", REGION: "eu" }, {}, []]);
    assert.deepEqual(found.unset, { build: ["NEXT_PUBLIC_MAP_KEY", "VITE_API"], development: ["NEXT_PUBLIC_SITE=http://localhost:3000"] });
  });

  test("that say how keys in Redis begin get Berth's prefix", () => {
    assert.deepEqual([read(["CACHE_PREFIX=app_"]).derived, read(["CACHE_PREFIX=app_"]).prefixed, read(["REDIS_PREFIX=x"]).derived], [{ CACHE_PREFIX: "${REDIS_PREFIX}" }, true, {}]);
  });

  test("that are made of others are told, and a name that ends in _FILE gets the path of Berth's file", () => {
    const found = read(["API=${BASE}/v1", "PRICE=$5", "HOME_URL=$BASE", "DB_PASSWORD_FILE=/run/secrets/db"]);
    assert.deepEqual([found.unset, found.env, found.derived], [{ refers: ["API", "HOME_URL"] }, { DB_PASSWORD_FILE: "/run/secrets/DB_PASSWORD", PRICE: "$5" }, { DB_PASSWORD: "${POSTGRES_PASSWORD}" }]);
  });

  test("of the image's base stay as they are, also where they look like secrets", () => {
    assert.deepEqual(readEnvironment({ sample: "", image: { GPG_KEY: "0D96DF4D4110E5C4", PYTHON_VERSION: "3.13" }, own: [] }).secrets, []);
  });

  test("of any value that looks secret leave nothing of it anywhere", () => {
    const name = fc.constantFrom("SESSION_SECRET", "API_TOKEN", "DATABASE_URL", "X_DSN", "MYSQL_URL", "SMTP_URL", "DB_PASS");
    const value = fc.stringMatching(/^[a-z]{8,20}$/);
    fc.assert(fc.property(name, value, fc.boolean(), (of, secret, url) => {
      const found = read([`${of}=${url || of.endsWith("_URL") ? `${of === "SMTP_URL" ? "smtp" : "mysql"}://me:${secret}@db/x` : secret}`]);
      assert.ok(!JSON.stringify(found).includes(secret));
      assert.ok(!environmentLines(found).join("\n").includes(secret));
    }));
  });
});

test("no setting that is taken over is one that the policy refuses", () => {
  const words = fc.constantFrom("APP", "PASSWORD", "TOKEN", "KEY", "SECRET", "PWD", "CREDS", "LOGIN", "MAX", "MINUTES", "DSN", "PUBLIC");
  const value = fc.constantFrom("true", "no", "12", "7d", "4096", "1_000", "text", "-----BEGIN PRIVATE KEY-----", "ghp_0123456789012345678901234567", "https://a:b@c", "https://c?token=x");
  fc.assert(fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), value, (name, of) => {
    for (const [each, taken] of Object.entries(readEnvironment({ sample: `${name.join("_")}='${of}'`, image: {} }).env)) assert.ok(!holdsSecret(each, taken), `${each}=${taken}`);
  }));
  for (const setting of ["DISABLE_PASSWORD_LOGIN=true", "MAX_TOKENS=4096", "ACCESS_TOKEN_EXPIRE_MINUTES=30", "MAX_PASSWORD_TRIES=5"]) assert.equal(Object.keys(read([setting]).env).length, 1, setting);
});

test("an entry's text is text to every reader of YAML, the Pulumi CLI's too, which takes dates and numbers with underscores", () => {
  const env = { RELEASED: "2026-01-01", LIMIT: "1_000", ON: "yes", AT: "12:30:45", HEX: "0x1f", OCTAL: "0777", NAME: "two words" };
  const lines = entryLines("shop", { env }).join("\n");
  for (const [name, value] of Object.entries(env)) if (name !== "NAME") assert.ok(new RegExp(`${name}"?: "${value}"`).test(lines), lines);
  for (const version of ["1.1", "1.2"] as const) {
    assert.deepEqual((parse(lines, { version }) as { shop: { env: Record<string, unknown> } }).shop.env, env);
    for (const text of ["config:\n  berth:apps:\n    root: {}\n", "config: {}\n"]) {
      const written = parse(withEntry(text, "shop", { env }), { version }) as { config: Record<string, { shop: { env: unknown } }> };
      assert.deepEqual(written.config["berth:apps"]?.shop.env, env);
    }
  }
});
