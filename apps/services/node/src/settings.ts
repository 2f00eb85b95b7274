import { readFileSync } from "node:fs";

export interface Settings {
  /** Port of the API. @default 3000 */
  port: number;
  /** Port of /metrics alone: no route leads to it. @default 9090 */
  metricsPort: number;
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`. Secret. */
  databaseUrl: string;
  /** @default none: every read goes to the database */
  cache: { url: string; prefix: string } | undefined;
  /** @default "info" */
  logLevel: string;
}

/** Wrong settings, all of them; no message has a value that may be secret. */
export class SettingsError extends Error {
  constructor(problems: string[]) {
    super(`service-node: wrong settings\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  }
}

type Environment = Record<string, string | undefined>;

const logLevels = ["debug", "info", "warn", "error"];

/** @throws SettingsError with every problem at once. */
export function readSettings(environment: Environment): Settings {
  const reader = new Reader(environment);
  const settings = {
    port: reader.port("PORT", 3000),
    metricsPort: reader.port("METRICS_PORT", 9090),
    databaseUrl: reader.databaseUrl(),
    cache: reader.cache(),
    logLevel: reader.oneOf("LOG_LEVEL", logLevels, "info"),
  };
  if (settings.port === settings.metricsPort) reader.problems.push("METRICS_PORT: is the same as PORT; allowed: another port");
  reader.finish();
  return settings;
}

/** What `migrate` needs: the database and nothing else. @throws SettingsError */
export function readDatabaseUrl(environment: Environment): string {
  const reader = new Reader(environment);
  const url = reader.databaseUrl();
  reader.finish();
  return url;
}

class Reader {
  readonly problems: string[] = [];
  private readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  finish(): void {
    if (this.problems.length > 0) throw new SettingsError(this.problems);
  }

  port(name: string, fallback: number): number {
    const text = this.environment[name] || `${fallback}`;
    const port = Number(text);
    if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
    this.problems.push(`${name}: is "${text}"; allowed: a port from 1 to 65535`);
    return fallback;
  }

  oneOf(name: string, allowed: string[], fallback: string): string {
    const text = this.environment[name] || fallback;
    if (!allowed.includes(text)) this.problems.push(`${name}: is "${text}"; allowed: ${allowed.join(", ")}`);
    return text;
  }

  databaseUrl(): string {
    const url = this.secret("DATABASE_URL");
    if (url === "") this.problems.push("DATABASE_URL: is missing; set it, or DATABASE_URL_FILE to a file that holds it");
    else if (url !== undefined) this.url("DATABASE_URL", url, ["postgres:", "postgresql:"], "postgres://USER:PASSWORD@HOST:5432/DATABASE");
    return url ?? "";
  }

  cache(): Settings["cache"] {
    const url = this.secret("REDIS_URL");
    if (url === undefined || url === "") return undefined;
    this.url("REDIS_URL", url, ["redis:", "rediss:"], "redis://USER:PASSWORD@HOST:6379");
    const prefix = this.environment["REDIS_PREFIX"] ?? "";
    if (prefix === "") this.problems.push("REDIS_PREFIX: is missing, and REDIS_URL is set; allowed: what all keys begin with, for example service-node:");
    return { url, prefix };
  }

  /** The value of NAME, or of the file that NAME_FILE names; "" where neither is set, undefined after a problem. */
  private secret(name: string): string | undefined {
    const [plain, file] = [this.environment[name] ?? "", this.environment[`${name}_FILE`] ?? ""];
    if (plain !== "" && file !== "") {
      this.problems.push(`${name}: is set, and ${name}_FILE too; allowed: one of the two`);
      return undefined;
    }
    if (file === "") return plain;
    try {
      const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
      if (text !== "") return text;
      this.problems.push(`${name}_FILE: names an empty file, ${file}`);
    } catch (error) {
      this.problems.push(`${name}_FILE: names a file that can't be read, ${file} (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
    }
    return undefined;
  }

  private url(name: string, text: string, protocols: string[], form: string): void {
    const url = URL.parse(text);
    if (url === null || !protocols.includes(url.protocol) || url.hostname === "") this.problems.push(`${name}: is no such URL; allowed: ${form}`);
  }
}
