export interface ConnectionPart {
  /** Postgres for `DB_…` and `DATABASE_…`, unless other variables say which database these belong to. */
  service: "postgres" | "redis" | "sql" | { what: string };
  /** Berth's own value in its place. */
  text: string;
}

const families: Record<string, ConnectionPart["service"]> = {
  POSTGRES: "postgres", POSTGRESQL: "postgres", PG: "postgres", PGSQL: "postgres", DB: "sql", DATABASE: "sql", SPRING_DATASOURCE: "sql", REDIS: "redis", VALKEY: "redis",
  MYSQL: { what: "MySQL" }, MARIADB: { what: "MariaDB" }, MONGO: { what: "MongoDB" }, MONGODB: { what: "MongoDB" }, RABBITMQ: { what: "RabbitMQ" }, AMQP: { what: "RabbitMQ" },
};
const parts: Record<string, "HOST" | "PORT" | "USER" | "PASSWORD" | "DB" | "URL"> = {
  HOST: "HOST", HOSTNAME: "HOST", SERVER: "HOST", PORT: "PORT", USER: "USER", USERNAME: "USER", PASS: "PASSWORD", PASSWORD: "PASSWORD", PASSWD: "PASSWORD",
  NAME: "DB", DB: "DB", DATABASE: "DB", URL: "URL", URI: "URL", DSN: "URL",
};
const shape = new RegExp(`^(${Object.keys(families).toSorted((a, b) => b.length - a.length).join("|")})_?(${Object.keys(parts).join("|")})(_FILE)?$`, "i");
const engines: [RegExp, string][] = [[/mysql/i, "MySQL"], [/maria/i, "MariaDB"], [/mongo/i, "MongoDB"], [/sqlserver|mssql/i, "SQL Server"], [/oracle/i, "Oracle"], [/sqlite/i, "SQLite"]];

/** What a variable is to a database or a cache, by its name: `DB_HOST`, `PGUSER`, `REDIS_PORT`. Undefined for all others. */
export function connectionPart(name: string): ConnectionPart | undefined {
  const [, family = "", part = ""] = shape.exec(name) ?? [];
  const service = families[family.toUpperCase()];
  const of = parts[part.toUpperCase()];
  if (service === undefined || of === undefined) return undefined;
  // A number of a database, or its name, is a setting to Redis.
  if (service === "redis") return of === "DB" ? undefined : { service, text: of === "URL" ? "${REDIS_URL}" : `\${REDIS_${of}}` };
  return { service, text: of === "URL" ? "${DATABASE_URL}" : `\${POSTGRES_${of}}` };
}

/**
 * Which database variables like `DB_HOST` belong to, where it is none of Postgres: by `DB_CONNECTION=mysql` and the like, or
 * by a port. Undefined for Postgres.
 */
export function otherDatabase(variables: readonly (readonly [name: string, value: string])[]): string | undefined {
  for (const [name, value] of variables) {
    if (/^(DB|DATABASE)_?PORT$/i.test(name) && value === "3306") return "MySQL";
    if (!/(DB|DATABASE|SQL)_?(CONNECTION|CLIENT|TYPE|DIALECT|ENGINE|DRIVER|ADAPTER|PROVIDER|VENDOR)$/i.test(name)) continue;
    const [, what] = engines.find(([engine]) => engine.test(value)) ?? [];
    if (what !== undefined) return what;
  }
  return undefined;
}
