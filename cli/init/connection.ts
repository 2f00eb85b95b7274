/** A service that an address leads to, and how Berth's own goes into its place. */
export type Connection =
  | { service: "postgres" | "redis"; /** The address of Berth's own in the same form: `${DATABASE_URL}`, or one of its parts. */ text: string }
  | { service: "sqlite"; /** Undefined for one in memory. */ path: string | undefined; /** The value with another path in it. */ at: (path: string) => string }
  /** One that Berth does not have, by its usual name. */
  | { service: "other"; what: string };

const login = "${POSTGRES_USER}:${POSTGRES_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}";

const others: Record<string, string> = {
  mysql: "MySQL", mysql2: "MySQL", mariadb: "MariaDB", mongodb: "MongoDB", "mongodb+srv": "MongoDB", amqp: "RabbitMQ", amqps: "RabbitMQ", sqlserver: "SQL Server",
  mssql: "SQL Server", oracle: "Oracle", cockroachdb: "CockroachDB", clickhouse: "ClickHouse", kafka: "Kafka", nats: "NATS", memcached: "Memcached", elasticsearch: "Elasticsearch", libsql: "libSQL",
};

/** Parameters of a Postgres address that say nothing of a server or a login. */
const kept = new Set(["schema", "connection_limit", "pool_timeout", "application_name", "charset", "serverVersion"]);

/**
 * What an address leads to, by its scheme; undefined for what is no address of a database, cache or queue.
 *
 * @example
 * connectionOf("postgresql+asyncpg://me:pw@localhost/shop"); // { service: "postgres", text: "postgresql+asyncpg://${POSTGRES_USER}:…" }
 */
export function connectionOf(value: string): Connection | undefined {
  if (/\bhost=[^;\s]+/i.test(value)) return keywords(value);
  const [, scheme = "", rest = ""] = /^(?:jdbc:)?([a-z][a-z0-9+.-]*):(.*)$/is.exec(value) ?? [];
  const name = scheme.toLowerCase();
  const [driverless = ""] = name.split("+");
  if (/^(postgres|postgresql|postgis|pgsql|psql)$/.test(driverless)) return { service: "postgres", text: postgres(value, name, rest) };
  if (/^(redis|rediss|valkey|valkeys)$/.test(name)) return { service: "redis", text: redis(rest) };
  if (/^(sqlite|sqlite3|file)$/.test(driverless)) return sqlite(value, scheme, rest);
  const what = others[name] ?? others[driverless];
  return what === undefined ? databaseFile(value) : { service: "other", what };
}

function postgres(value: string, scheme: string, rest: string): string {
  if (/^jdbc:/i.test(value)) return "jdbc:postgresql://${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}?user=${POSTGRES_USER}&password=${POSTGRES_PASSWORD}";
  const query = new URLSearchParams(/\?(.*)$/s.exec(rest)?.[1] ?? "");
  const parameters = [...query].filter(([key, of]) => kept.has(key) && /^[\w.-]+$/.test(of)).map(([key, of]) => `${key}=${of}`);
  if (/^postgres(ql)?$/.test(scheme) && parameters.length === 0) return "${DATABASE_URL}";
  return `${scheme}://${login}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
}

function redis(rest: string): string {
  const number = /^\/\/[^/]*\/(\d+)/.exec(rest)?.[1] ?? "0";
  return number === "0" ? "${REDIS_URL}" : `redis://\${REDIS_USER}:\${REDIS_PASSWORD}@\${REDIS_HOST}:\${REDIS_PORT}/${number}`;
}

/** `file:` and `sqlite:` with a path. Libraries differ over three slashes; four make a path absolute for all of them. */
function sqlite(value: string, scheme: string, rest: string): Connection | undefined {
  const [, slashes = "", path = "", query = ""] = /^(\/*)([^?]*)(\?.*)?$/s.exec(rest) ?? [];
  const memory = path === "" || /^:memory:$/.test(path) || query.includes("mode=memory");
  if (scheme.toLowerCase() === "file") {
    // It may lead to a key or a page as well.
    if (!memory && !/\.(db3?|sqlite3?)$/i.test(path)) return undefined;
    return { service: "sqlite", path: memory ? undefined : slashes === "" ? path : `/${path}`, at: (other) => `${scheme}:${other}${query}` };
  }
  const absolute = slashes.length === 1 || slashes.length > 3;
  return { service: "sqlite", path: memory ? undefined : absolute ? `/${path}` : path, at: (other) => (memory ? value : `${scheme}:${slashes.length > 1 ? "///" : ""}${other}${query}`) };
}

/** A path that ends as files of SQLite do. */
function databaseFile(value: string): Connection | undefined {
  return /^[\w./-]+\.(db3?|sqlite3?)$/i.test(value) ? { service: "sqlite", path: value, at: (path) => path } : undefined;
}

/** `Host=db;Database=shop;…` of .NET, `host=db dbname=shop …` of libpq. */
function keywords(value: string): Connection | undefined {
  if (/\bdatabase=[^;]+;|;\s*database=/i.test(value)) return { service: "postgres", text: "Host=${POSTGRES_HOST};Port=${POSTGRES_PORT};Database=${POSTGRES_DB};Username=${POSTGRES_USER};Password=${POSTGRES_PASSWORD}" };
  if (/\bdbname=\S+/i.test(value)) return { service: "postgres", text: "host=${POSTGRES_HOST} port=${POSTGRES_PORT} dbname=${POSTGRES_DB} user=${POSTGRES_USER} password=${POSTGRES_PASSWORD}" };
  return undefined;
}
