import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { givenNames, referencesOf } from "../../../../components/app/derived.ts";
import { connectionOf } from "../../../../cli/init/connection.ts";
import { connectionPart, otherDatabase } from "../../../../cli/init/connection-part.ts";

const login = "${POSTGRES_USER}:${POSTGRES_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}";

describe("an address", () => {
  test("of Postgres is Berth's own in the same form", () => {
    for (const [value, text] of [
      ["postgres://me:pw@localhost:5432/shop", "${DATABASE_URL}"],
      ["postgresql://db/shop?sslmode=require", "${DATABASE_URL}"],
      ["postgresql+asyncpg://me:pw@db/shop", `postgresql+asyncpg://${login}`],
      ["postgresql://me:pw@db/shop?schema=public&password=x", `postgresql://${login}?schema=public`],
      ["postgis://db/shop", `postgis://${login}`],
      ["jdbc:postgresql://db:5432/shop", "jdbc:postgresql://${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}?user=${POSTGRES_USER}&password=${POSTGRES_PASSWORD}"],
      ["Host=localhost;Database=shop;Username=me;Password=pw", "Host=${POSTGRES_HOST};Port=${POSTGRES_PORT};Database=${POSTGRES_DB};Username=${POSTGRES_USER};Password=${POSTGRES_PASSWORD}"],
      ["host=db user=me password=pw dbname=shop sslmode=disable", "host=${POSTGRES_HOST} port=${POSTGRES_PORT} dbname=${POSTGRES_DB} user=${POSTGRES_USER} password=${POSTGRES_PASSWORD}"],
    ]) assert.deepEqual(connectionOf(value ?? ""), { service: "postgres", text }, value);
  });

  test("of Redis keeps the number of its database", () => {
    assert.deepEqual(connectionOf("redis://:pw@cache:6379"), { service: "redis", text: "${REDIS_URL}" });
    assert.deepEqual(connectionOf("rediss://cache/0"), { service: "redis", text: "${REDIS_URL}" });
    assert.deepEqual(connectionOf("redis://cache:6379/2"), { service: "redis", text: "redis://${REDIS_USER}:${REDIS_PASSWORD}@${REDIS_HOST}:${REDIS_PORT}/2" });
  });

  test("of SQLite says where its file is, and is written with another one", () => {
    for (const [value, path, moved] of [
      ["file:./data/app.db", "./data/app.db", "file:/data/x.db"],
      ["file:/srv/app.db?mode=rw", "/srv/app.db", "file:/data/x.db?mode=rw"],
      ["file:///srv/app.sqlite", "/srv/app.sqlite", "file:/data/x.db"],
      ["sqlite:app.db", "app.db", "sqlite:/data/x.db"],
      ["sqlite://app.db", "app.db", "sqlite:////data/x.db"],
      ["sqlite:///data/app.db", "data/app.db", "sqlite:////data/x.db"],
      ["sqlite+aiosqlite:////srv/app.db", "/srv/app.db", "sqlite+aiosqlite:////data/x.db"],
      ["./db.sqlite3", "./db.sqlite3", "/data/x.db"],
    ]) {
      const found = connectionOf(value ?? "");
      assert.ok(found?.service === "sqlite", value);
      assert.deepEqual([found.path, found.at("/data/x.db")], [path, moved], value);
    }
    for (const value of ["sqlite://", "sqlite::memory:", "file::memory:?cache=shared"]) {
      const found = connectionOf(value);
      assert.deepEqual([found?.service, found?.service === "sqlite" && found.path], ["sqlite", undefined], value);
    }
  });

  test("of anything else is named, or is none", () => {
    assert.deepEqual(connectionOf("mysql+pymysql://me:pw@db/shop"), { service: "other", what: "MySQL" });
    assert.deepEqual(connectionOf("mongodb+srv://me:pw@cluster/shop"), { service: "other", what: "MongoDB" });
    for (const value of ["", "shop", "https://example.com", "file:///etc/key.pem", "mailto:me@example.com", "smtp://me:pw@mail"]) assert.equal(connectionOf(value), undefined, value);
  });

  test("of any login leaves nothing of it, and refers to what Berth gives alone", () => {
    const word = fc.stringMatching(/^[a-z0-9]{6,12}$/);
    const scheme = fc.constantFrom("postgres", "postgresql", "postgresql+psycopg", "postgis", "redis", "rediss");
    fc.assert(
      fc.property(scheme, word, word, word, fc.option(word), (of, user, password, host, query) => {
        const found = connectionOf(`${of}://u${user}:p${password}@h${host}:1234/n?secret=${query ?? ""}`);
        assert.ok(found?.service === "postgres" || found?.service === "redis");
        for (const part of [`u${user}`, `p${password}`, `h${host}`, "secret"]) assert.ok(!found.text.includes(part), found.text);
        const names = givenNames({ database: true, cache: true });
        assert.ok(referencesOf(found.text).length > 0 && referencesOf(found.text).every((name) => names.includes(name)));
      }),
    );
  });
});

test("a name says which part of a connection it is", () => {
  assert.deepEqual(connectionPart("PGHOST"), { service: "postgres", text: "${POSTGRES_HOST}" });
  assert.deepEqual(connectionPart("POSTGRES_SERVER"), { service: "postgres", text: "${POSTGRES_HOST}" });
  assert.deepEqual(connectionPart("DB_PASSWORD_FILE"), { service: "sql", text: "${POSTGRES_PASSWORD}" });
  assert.deepEqual(connectionPart("REDIS_PASS"), { service: "redis", text: "${REDIS_PASSWORD}" });
  assert.deepEqual(connectionPart("MYSQL_HOST")?.service, { what: "MySQL" });
  for (const name of ["REDIS_DB", "DBUS_ADDRESS", "DB_POOL", "HOST", "APP_PORT"]) assert.equal(connectionPart(name), undefined, name);
});

test("the other variables say which database theirs is", () => {
  assert.equal(otherDatabase([["DB_CONNECTION", "mysql"]]), "MySQL");
  assert.equal(otherDatabase([["DB_PORT", "3306"]]), "MySQL");
  assert.equal(otherDatabase([["DB_CONNECTION", "pgsql"], ["DB_PORT", "5432"]]), undefined);
});
