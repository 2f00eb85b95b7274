/**
 * What an application needs, as the app.ts of its folder says it: needs, not how they are met.
 *
 * An application has any of a web server, workers and schedules, all from one image, with one database, one cache and
 * the same secrets. What differs between stacks (replicas, host name, sizes) is in the stack file.
 *
 * @example
 * export default {
 *   context: import.meta.dirname,
 *   web: { port: 3000, health: { path: "/health", command: ["shop", "health"] } },
 *   database: true,
 *   jobs: { migrate: ["shop", "migrate"] },
 *   secrets: { SESSION_KEY: "key that signs sessions" },
 * } satisfies AppDefinition;
 */
export interface AppDefinition {
  /** Directory with the Dockerfile: `import.meta.dirname`; or `https://…/repository.git#<commit>[:<directory>]`. */
  context: string;
  /** Its path, seen from a `context` that is a directory. @default "Dockerfile" */
  dockerfile?: string;
  /** Stage of the Dockerfile. @default the last one */
  target?: string;
  /** Never a secret. @default none */
  buildArgs?: Record<string, string>;
  /**
   * Secrets of the build, by the id of `RUN --mount=type=secret,id=…`, to what they are for. Set as `<application>:<id>`; in no layer.
   * @default none
   */
  buildSecrets?: Record<string, string>;
  /** Build arguments, over `buildArgs`, with which it is built quicker and runs slower: where the stack's `berth:builds` is `quick`. @default none */
  quickArgs?: Record<string, string>;
  /** A server of HTTP, behind Traefik. @default none */
  web?: WebServer;
  /** A process that runs all the time and serves nothing. @default none */
  worker?: Worker;
  /** Several of them, by name, for example `mail`; `worker` may be there too. @default none */
  workers?: Record<string, Worker>;
  /** Commands that run at times. @default none */
  schedules?: Record<string, Schedule>;
  /** Commands run once for each new image or configuration before its containers start, in this order, for example `migrate`. @default none */
  jobs?: Record<string, string[]>;
  /** Seconds in which each job must end; one that takes longer is stopped and has failed. @default 1800 */
  jobLimit?: number;
  /** A role and a database of its own in Postgres: POSTGRES_HOST, _PORT, _USER, _DB, POSTGRES_PASSWORD_FILE, DATABASE_URL_FILE. @default false */
  database?: boolean;
  /** Connections to Postgres that each of its containers opens at most, so that the preview can say where they are too many. @default not known */
  pool?: number;
  /** A user of its own in Redis, for keys `<name>:*`: REDIS_HOST, _PORT, _USER, _PREFIX, REDIS_PASSWORD_FILE, REDIS_URL_FILE. @default false */
  cache?: boolean;
  /** Secrets by name; the variable `NAME_FILE` says where the file is. @default none */
  secrets?: Record<string, SecretNeed>;
  /**
   * Secrets made of what `database` and `cache` give, name to text, for an image that wants other names or forms:
   * `{ DB_PASSWORD: "${POSTGRES_PASSWORD}" }`. @default none
   */
  derived?: Record<string, string>;
  /** Environment in every stack; the stack file's is over it. @default none */
  env?: Record<string, string>;
  /** Data that outlives the containers, volume name to path. The volume belongs to the application's user. @default none */
  volumes?: Record<string, string>;
  /** Paths in memory beside /tmp, to MiB of the container's memory; only its own user may write there. @default none */
  tmpfs?: Record<string, number>;
  /** Configuration files: each file of `directory` (beside app.ts) is readable in `target`. @default none */
  config?: { directory: string; target: string };
  /** Where Prometheus reads its metrics, and what is made of them. @default not scraped */
  metrics?: Metrics;
  /** May open connections to the world outside the stack. @default false */
  egress?: boolean;
  /** User and group id that it runs as. @default one of its own, made from its name */
  user?: number;
  /** Group id, where it is another. @default that of `user` */
  group?: number;
  /** Restarts after a failure; then it stays down, as it does after a restart of the Docker Engine. @default without end */
  maxRestarts?: number;
  /** What a stack gives that says nothing else. @default 1 replica, 256MiB, 0.5 cores */
  defaults?: { replicas?: number; memory?: string; cpus?: number };
  /** How it runs from the mounted source where the stack file says `live: true`. @default not possible */
  live?: Live;
  /** Hardening that it can't bear, field by field; each is named in the preview. @default none */
  unprepared?: Unprepared;
}

export interface Metrics {
  port: number;
  /** @default "/metrics" */
  path?: string;
  /** Alerts by metrics of its own. @default none */
  alerts?: MetricAlert[];
  /** A gauge that says when certificates that it has seen end, in seconds since 1970, and the label that tells them apart. @default none */
  certificates?: { metric: string; label: string };
  /** Dashboards of its own in Grafana, by title. @default none */
  dashboards?: Record<string, MetricPanel[]>;
}

export interface MetricAlert {
  /** In capitals and small letters, for example `SiteDown`. */
  name: string;
  severity: "critical" | "warning";
  /** PromQL: it fires for each series that this gives. */
  expr: string;
  /** How long it must hold, so that one lost scrape or a deploy wakes nobody. @default at once */
  for?: string;
  /** What is wrong, in one line; `{{ $labels.app }}` is the application. */
  summary: string;
  /** Why that may be, and the first command. */
  description: string;
}

/** Lines over time. */
export interface MetricPanel {
  title: string;
  /** Grafana's unit id, for example `bytes`, `percentunit`, `s`, `short`. */
  unit: string;
  /** PromQL. */
  expr: string;
  /** Name of the lines, for example `{{site}}`. @default the series' labels */
  legend?: string;
}

export interface WebServer {
  /** Entrypoint and arguments. @default the image's own */
  command?: string[];
  /** Port that it listens on. */
  port: number;
  health: {
    /** Path that answers 2xx while it may get requests. */
    path: string;
    /** Command in the container that exits 0 while it may get requests. @default a request to `path` by Berth's own wget */
    command?: string[];
    /** Seconds in which a new container must be healthy. @default 60 */
    wait?: number;
    /** Seconds that one check in the container may take. @default 5 */
    timeout?: number;
  };
  /** Seconds that requests in flight may take after SIGTERM. @default 30 */
  stopGrace?: number;
  /** Which replica gets a request: each in turn, or of two the one with fewer requests in flight. @default "round-robin" */
  balancing?: Balancing;
  /** A browser stays with one replica, by a cookie, as long as that is there. @default false */
  sticky?: boolean;
  /** MiB that the body of a request may have; a larger one is answered 413. @default without end */
  bodyLimit?: number;
  /** A request that a replica could not take is tried on another; once more after a 502, unless it is POST, PATCH or LOCK. @default true */
  retry?: boolean;
  /** Response headers that Traefik sets in the place of the application's own; `false` leaves its own, or none. @default with HTTPS Strict-Transport-Security, X-Content-Type-Options and X-Frame-Options */
  headers?: Record<string, string | false>;
  /** Further ports that it serves HTTP on, by name; the stack file gives each a host name. @default none */
  ports?: Record<string, number>;
}

export type Balancing = "round-robin" | "least-connections";

export interface Worker {
  /** Entrypoint and arguments. @default the image's own */
  command?: string[];
  /** Command in the container that exits 0 while it works. */
  health: string[];
  /** Seconds from SIGTERM to SIGKILL. @default 30 */
  stopGrace?: number;
  /** Containers at the same time, in a stack that says nothing else. @default 1 */
  replicas?: number;
  /** Memory of each of them, for example `64MiB`, likewise. @default that of the application */
  memory?: string;
  /** Processor cores of each of them, likewise. @default those of the application */
  cpus?: number;
}

export interface Schedule {
  /** Minute, hour, day of month, month, day of week, for example `0 3 * * *`. */
  cron: string;
  /** IANA name, for example `Europe/Vienna`. @default "UTC" */
  timeZone?: string;
  /** A run that is due while the last one still runs is left out. */
  command: string[];
  /** Seconds without a successful run after which an alert fires. @default none */
  alertAfter?: number;
  /** Seconds that a run has to end when its container is replaced or removed; `up` waits for it. @default 60 */
  stopGrace?: number;
}

/** What a secret is for; or, where the application starts without it, that it is optional. */
export type SecretNeed = string | { purpose: string; optional: true };

export interface Live {
  /** Stage of the Dockerfile with the language's tools. */
  target: string;
  /** Runs the web server, or else `worker`, and restarts it when a file changes. */
  command: string[];
  /** Where the application's folder is mounted, and the directory that commands start in. */
  source: string;
  /** Port of the web server. @default that of `web` */
  port?: number;
  /** Commands of `jobs` that differ from source, for example `{ migrate: ["cargo", "run", "--", "migrate"] }`. @default those of `jobs` */
  jobs?: Record<string, string[]>;
  /** Commands of `workers` that differ from source, likewise. @default those of `workers` */
  workers?: Record<string, string[]>;
  /** Volumes that keep what is expensive to make again, name to path. @default none */
  caches?: Record<string, string>;
  /** Memory for the language's tools, where the stack file says none. @default that of `defaults` */
  memory?: string;
}

/** Ways in which an image that nobody prepared may be less hardened. */
export interface Unprepared {
  /** Runs as root, with the capabilities below. @default false */
  root?: boolean;
  /** Linux capabilities, by name, for example `CHOWN`. @default none */
  capabilities?: string[];
  /** Writes beside its volumes and /tmp. @default false */
  writableRoot?: boolean;
  /**
   * Reads secrets from plain environment variables. Berth's own shell sets them from the files, so `docker inspect` has
   * none; `web` and each worker then need their `command`, which is the image's ENTRYPOINT and CMD. @default false
   */
  plainSecrets?: boolean;
  /** Its keys and channels in Redis don't begin with its name: it may read and change those of every application. @default false */
  allKeys?: boolean;
}
