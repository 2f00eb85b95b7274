import { z } from "zod";

/**
 * The shape of a stack file: one schema for everything under `berth:`.
 *
 * Each `error` says what is allowed; config.ts adds field, stack, value and fix. The JSON schema for
 * editors is made from here (`npm run schema`).
 */

// `abort`: one message a value, whatever else is wrong with it.
const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, { error: allowed, abort: true });
/** Fields below a key. */
const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, "fields of its own, indented below it, or {} for their defaults");
const whole = (min: number, max: number, unit = "") => {
  const allowed = `a whole number from ${min} to ${max}${unit}`;
  return z.int({ error: allowed, abort: true }).min(min, allowed).max(max, allowed);
};

const memory = (min: number) => {
  const allowed = `a size with its unit, MiB or GiB, at least ${min}MiB, for example 256MiB`;
  return text(/^[1-9]\d*(MiB|GiB)$/, allowed).refine((size) => mebibytes(size) >= min, allowed);
};
const cpusAllowed = "processor cores, a number from 0.01 to 64, for example 0.5";
const cpus = z.number(cpusAllowed).min(0.01, cpusAllowed).max(64, cpusAllowed);
const port = whole(1, 65_535);
const hostname = text(
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a host name in small letters, for example app.example.com",
);
const address = z.ipv4("an IPv4 address of the Docker host, for example 127.0.0.1 or 0.0.0.0");
const cidrAllowed = "an IPv4 network in CIDR form with no host bits set, from /16 to /28, for example 10.83.0.0/24";
const cidr = z.cidrv4({ error: cidrAllowed, abort: true }).refine((network) => isNetwork(network), cidrAllowed);
const imageAllowed = "an image with a tag or a digest, for example postgres:17-trixie or name@sha256:…";
const image = text(
  /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][\w.-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
  imageAllowed,
);
/** An image that was built before: no tag can be moved to another one. */
const builtImage = (example: string) =>
  text(
    /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][\w.-]{0,127})?@sha256:[0-9a-f]{64}$/,
    `an image by its digest, for example ${example}@sha256:…`,
  );

const cronAllowed = "five fields of cron: minute, hour, day of month, month, day of week, for example 30 2 * * 0";
const cron = z.string(cronAllowed).refine((text) => isCron(text), { error: cronAllowed, abort: true });
const timeZoneAllowed = "the name of a time zone, for example UTC or Europe/Vienna";
const timeZone = z.string(timeZoneAllowed).refine((name) => isTimeZone(name), timeZoneAllowed);

/** Backups of Postgres; without this group there are none. */
const backup = group({
  target: z
    .union(
      [
        group({
          s3: group({
            bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name: 3 to 63 small letters, digits, . and -"),
            endpoint: text(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, "a host without https://, with a port where it is not 443, for example s3.eu-central-1.amazonaws.com"),
            region: text(/^[a-z0-9-]{1,40}$/, "a region, for example eu-central-1; some stores take any").default("us-east-1"),
            uriStyle: z.enum(["host", "path"], 'either "host" or "path"').default("host").describe("How the bucket is named in requests."),
            verifyTls: z.boolean("true or false").default(true).describe("Whether the store's certificate must be one that the system trusts."),
          }),
        }),
        // Second: what is wrong with an object is told of the first.
        z.literal("volume"),
      ],
      'either "volume" or {s3: {bucket: …, endpoint: …}}',
    )
    .describe("A volume on the Docker host, or a bucket of an S3-compatible store. Encrypted with berth:backupKey."),
  full: cron.default("30 2 * * 0").describe("When a full backup begins."),
  differential: cron.default("30 2 * * 1-6").describe("When a differential backup begins: what has changed since the full one."),
  drill: cron.default("30 4 * * 6").describe("When a restore drill begins: the newest backup is restored aside, and all of it read."),
  timeZone: timeZone.default("UTC").describe("Time zone of these times."),
  keep: group({
    full: whole(1, 1000).default(2).describe("Full backups that are kept, with the log from the oldest of them on."),
    differential: whole(1, 1000).default(7).describe("Differential backups that are kept."),
  }).prefault({}),
});

const app = group({
  folder: text(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/, "a folder below apps/, for example shop or services/node")
    .optional()
    .describe("Folder under apps/ with its app.ts. Default: its name."),
  image: builtImage("ghcr.io/acme/shop")
    .optional()
    .describe("Image that runs, by digest, as promote and rollback write it; then none is built. Default: built from the folder."),
  revision: text(/^[0-9a-f]{40}$/, "the commit that `image` was built from, in full: 40 hexadecimal digits").optional().describe("Commit that `image` was built from, for previews and releases."),
  replicas: whole(1, 64).optional().describe("Containers that serve at the same time. Default: the folder's, or 1."),
  memory: memory(6).optional().describe("Memory of each container. Default: the folder's, or 256MiB."),
  cpus: cpus.optional().describe("Processor cores of each container. Default: the folder's, or 0.5."),
  live: z
    .boolean("true or false")
    .optional()
    .describe("Run from the source on this machine, and restart when a file changes; where berth:environment is dev only."),
  host: hostname.optional().describe("Host name of its route. Default: <name>.<berth:domain>."),
  env: z
    .record(
      text(/^[A-Z_][A-Z0-9_]*$/, "a variable name: capitals, digits and _"),
      z.string("a string; write numbers and booleans in quotes"),
      "variables, NAME: value, indented below it",
    )
    .default({})
    .describe("Environment beyond what the application's folder sets. Never a secret."),
});

const syslogFacilities = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

const mail = text(/^[^\s@<>]+@[^\s@<>]+$/, "a mail address, for example ops@example.com");
const alertsAllowed = "a way to send them: webhook: true, or mail: {to, from, host}";
const alerts = group({
  webhook: z.boolean("true or false").optional().describe("Send them as JSON to the address in the secret berth:alertWebhook."),
  mail: group({
    to: mail,
    from: mail,
    host: text(/^[a-z0-9.-]+:\d{1,5}$/, "a mail server that speaks TLS, with its port, for example smtp.example.com:587"),
    username: text(/^\S+$/, "a login without spaces").optional().describe("The password is the secret berth:mailPassword."),
    caCertificate: text(/^\S+$/, "the path of a PEM file, from the project's folder or absolute").optional().describe("PEM file of the authority behind a mail server's private certificate."),
  }).optional(),
}).refine(({ webhook, mail: sent }) => webhook === true || sent !== undefined, alertsAllowed);

const logAddress = (allowed: string, pattern: RegExp) => text(pattern, allowed).refine((to) => Number(to.split(":").at(-1)) <= 65_535, allowed);
const logs = z.discriminatedUnion(
  "driver",
  [
    group({
      driver: z.literal("json-file").describe("Files on the Docker host."),
      size: memory(1).default("10MiB").describe("Size at which a container's file is closed and the next one begun."),
      files: whole(1, 20).default(3).describe("Files that are kept for each container."),
    }),
    group({
      driver: z.literal("syslog").describe("A syslog server, in the format of RFC 5424."),
      address: logAddress(
        "a syslog server that the Docker host reaches, with its port: udp://<host>:514, tcp://<host>:514 or tcp+tls://<host>:6514",
        /^(udp|tcp|tcp\+tls):\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/,
      ),
      facility: z
        .enum(syslogFacilities, `one of ${syslogFacilities.join(", ")}`)
        .default("daemon")
        .describe("Facility of the lines."),
    }),
    group({
      driver: z.literal("loki").describe("A Loki of the stack's own, by a collector that the stack runs too."),
      port: port.default(24_224).describe("Port on 127.0.0.1 of the Docker host, where the collector takes the lines."),
      retention: text(/^[1-9]\d*[dwy]$/, "a time in days, weeks or years, for example 14d").default("14d").describe("How long lines are kept."),
    }),
    group({
      driver: z.literal("fluentd").describe("A receiver of the fluentd forward protocol."),
      address: logAddress(
        "a receiver that the Docker host reaches, with its port, for example logs.example.com:24224",
        /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/,
      ),
    }),
  ],
  "one of {driver: json-file, size: 10MiB, files: 3}, {driver: loki, retention: 14d}, {driver: syslog, address: …} and {driver: fluentd, address: …}",
);

const registry = z.union(
  [
    group({
      port: port.describe("Port on 127.0.0.1 of a registry that the stack runs itself, with a login."),
    }),
    group({
      host: text(/^[a-z0-9.-]+(:\d+)?$/, "a registry's host, for example ghcr.io").default("ghcr.io"),
      owner: text(/^[a-z0-9]+([._/-][a-z0-9]+)*$/, "an account or organisation in small letters, for example acme"),
      username: text(/^[^\s:]+$/, "the account that logs in, without spaces and colons").describe("Login. The password is the secret berth:registryPassword."),
      cache: z.boolean("true or false").optional().describe("Keep each image's layers for builds elsewhere, and begin with those of the newest that was pushed. Default: false."),
    }),
  ],
  "either {port: <port of a registry on 127.0.0.1>} or {host: <registry>, owner: <account>, username: <login>}",
);

export const imageRoles = [
  "toolbox",
  "postgres",
  "redis",
  "traefik",
  "prometheus",
  "nodeExporter",
  "postgresExporter",
  "redisExporter",
  "alertmanager",
  "grafana",
  "loki",
  "logCollector",
  "adminer",
  "maildev",
  "registry",
] as const;

/** Images that Berth builds itself where the stack file has no digest of them, and the folder of each. */
export const ownImages = { tools: "images/tools", postgresBackup: "images/postgres" } as const;
export type OwnImage = keyof typeof ownImages;

/** Name of an application, by which its parts, its database and its address are named. */
export const appName = text(/^[a-z][a-z0-9-]{0,29}$/, "a folder of apps/: small letters, digits and -, a letter first, at most 30");

/** Every key of a stack file under `berth:`, in the order of the documentation. */
export const fields = {
  docker: text(
    /^(unix:\/\/\/|ssh:\/\/).+$/,
    "a Docker host: unix:///path/to/docker.sock or ssh://user@host",
  )
    .optional()
    .describe("The Docker Engine that runs the stack. Default: DOCKER_HOST, or unix:///var/run/docker.sock."),
  environment: z
    .enum(["dev", "prod"], 'either "dev" or "prod"')
    .default("prod")
    .describe("What is for people who write code (berth:developer, `live` applications) is refused in prod."),
  developer: group({
    databases: hostname.optional().describe("Publish Adminer, a database browser, under this host name."),
    mail: hostname.optional().describe("Catch all mail that is sent to mail:1025, and show it under this host name."),
  })
    .prefault({})
    .describe("Tools for people who write code; where berth:environment is dev only."),
  runtime: z
    .enum(["docker", "swarm"], 'either "docker" or "swarm"')
    .default("docker")
    .describe("Web servers and workers run as containers of one Docker host, or as services of the swarm that it manages."),
  domain: hostname.default("localhost").describe("Applications answer at <name>.<domain>."),
  publish: group({
    address: address.default("127.0.0.1").describe("Address of the host that Traefik listens on."),
    http: port.default(8080).describe("Port for HTTP."),
    https: port.optional().describe("Port for HTTPS; HTTP is redirected to it. Default: no HTTPS."),
  })
    .prefault({})
    .describe("Where Traefik is reached from outside; nothing else is published."),
  tls: group({
    email: text(/^[^\s@]+@[^\s@]+$/, "an e-mail address, for example ops@example.com").describe("Address of the account at the ACME server."),
    server: text(/^https:\/\/[^\s/]+\/\S*$/, "the directory of an ACME server, for example https://acme.example.com/directory")
      .default("https://acme-v02.api.letsencrypt.org/directory")
      .describe("Directory of the ACME server that signs the certificates."),
    caCertificate: text(/^\S+$/, "the path of a PEM file, from the project's folder or absolute").optional().describe("PEM file of the authority behind a private ACME server."),
  })
    .optional()
    .describe("Certificates for berth:publish.https."),
  registry: registry
    .prefault({ port: 5555 })
    .describe("Where application images are pushed and pulled. GHCR by default for a remote one."),
  secrets: z
    .enum(["require", "generate"], 'either "require" or "generate"')
    .default("require")
    .describe("A secret of an application that is not set stops the preview, or is generated once."),
  networks: group({ edge: cidr.optional(), monitoring: cidr.optional() })
    .prefault({})
    .describe("Fixed subnets. Default: chosen by the Docker Engine."),
  images: group({
    ...(Object.fromEntries(imageRoles.map((role) => [role, image.optional()])) as Record<(typeof imageRoles)[number], z.ZodOptional<typeof image>>),
    tools: builtImage("ghcr.io/acme/berth-tools").optional().describe("Programs for images that lack them, by digest, as promote writes it; then it is not built. Default: built from images/tools."),
    postgresBackup: builtImage("ghcr.io/acme/berth-postgres").optional().describe("Postgres with pgBackRest, by digest, as promote writes it; then it is not built. Default: built from images/postgres on berth:images.postgres."),
  })
    .prefault({})
    .describe("Images other than those of images.lock.json, and those of Berth's own that were built before."),
  logs: logs
    .prefault({ driver: "json-file" })
    .describe("Where what the containers print goes. Default: files on the Docker host."),
  postgres: group({
    memory: memory(128).default("512MiB"),
    cpus: cpus.default(1),
    connections: whole(10, 1000).default(100).describe("Greatest number of connections at the same time."),
    backup: backup.optional(),
  })
    .prefault({}),
  redis: group({
    memory: memory(32).default("128MiB").describe("Memory of the container; three quarters of it, and all but 16 MiB at most, hold data."),
    policy: z
      .enum(
        ["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"],
        "one of noeviction, allkeys-lru, allkeys-lfu, volatile-lru, volatile-lfu, volatile-ttl",
      )
      .default("noeviction")
      .describe("What happens when Redis is full."),
  })
    .prefault({}),
  monitoring: group({
    retention: text(/^[1-9]\d*[dwy]$/, "a time in days, weeks or years, for example 15d").default("15d"),
    host: hostname.optional().describe("Publish Prometheus, which asks for a login, under this host name."),
    alerts: alerts.optional().describe("Where alerts are sent. Default: they are only shown."),
    grafana: group({ host: hostname }).optional().describe("Grafana with dashboards, published under this host name. Default: none."),
  })
    .prefault({}),
  apps: z
    .record(
      appName,
      app.prefault({}),
      "the applications' names, indented below it",
    )
    .default({})
    .describe("The applications that run, by the name of their folder under apps/."),
};

/** Secrets under `berth:`, set with `pulumi config set --secret`. */
export const secretFields = {
  registryPassword: "Password or token of berth:registry's login. Default: BERTH_REGISTRY_PASSWORD of the environment.",
  backupKey: "Passphrase that encrypts the backups, at least 16 characters. Keep it elsewhere too: without it no backup can be read.",
  s3Key: "Access key of the bucket for backups.",
  s3Secret: "Secret key of the bucket for backups.",
  alertWebhook: "Address that alerts are sent to, with whatever token it has.",
  mailPassword: "Password of berth:monitoring.alerts.mail's login.",
} as const;

export const schema = z.strictObject(fields);
export type Settings = z.output<typeof schema>;
export type AppSettings = Settings["apps"][string];

/** Size in MiB of a text such as `512MiB` or `2GiB`. */
export function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith("GiB") ? 1024 : 1);
}

function isNetwork(network: string): boolean {
  const [base = "", prefix = ""] = network.split("/");
  const length = Number(prefix);
  const bits = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return length >= 16 && length <= 28 && bits % 2 ** (32 - length) === 0;
}

const cronRanges = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 7]] as const;

function isCron(text: string): boolean {
  const fields = text.split(" ");
  return fields.length === cronRanges.length && cronRanges.every(([min, max], index) => (fields[index] ?? "").split(",").every((part) => isCronPart(part, min, max)));
}

function isCronPart(part: string, min: number, max: number): boolean {
  const found = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/([1-9]\d?))?$/.exec(part);
  if (found === null) return false;
  const [, from, to, step] = found;
  const low = Number(from ?? min);
  const high = Number(to ?? from ?? max);
  return low >= min && high <= max && low <= high && (step === undefined || Number(step) <= max);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
