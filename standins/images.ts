import { readFileSync } from "node:fs";

/** What the program relies on in one platform image, upstream's as well as a stand-in. */
export interface ImageContract {
  /** The stage of standins/Dockerfile that makes the stand-in; `base` is the Debian that all of them stand on. */
  target: string;
  /** Each is run in a container of the image, as the user `as` (the image's own by default); its output must match. `text` is shown in its place. */
  commands: { run: [string, ...string[]]; prints: RegExp; as?: string; text?: string }[];
  /** Users that must exist under this name with these ids. */
  users?: { name: string; uid: number; gid: number }[];
}

export type Role = "toolbox" | "rust" | "postgres" | "redis" | "traefik" | "prometheus" | "nodeExporter" | "postgresExporter" | "redisExporter" | "registry";

type Check = ImageContract["commands"][number];
const script = (text: string, lines: string, as?: string): Check => ({ run: ["/bin/sh", "-c", lines], prints: /^ok$/m, text, ...(as === undefined ? {} : { as }) });
const shell = script("has /bin/sh", "echo ok");
// Upstream's wget is busybox's: the options that it shares with GNU's.
const wget = script("has wget", "wget -q -T 1 -O - http://127.0.0.1:9/; test $? != 127 && echo ok");
const nobody = "65534:65534";

/** By role, as in images.lock.json. The versions are those of the lock's tags: the check fails where the two part ways. */
export const contracts: Record<Role, ImageContract> = {
  toolbox: {
    target: "base",
    commands: [
      { run: ["/bin/cat", "/etc/os-release"], prints: /^VERSION_CODENAME=trixie$/m },
      script("has sh, mkdir, chown, mv and cat", "mkdir /tmp/a && echo ok > /tmp/a/b && chown -R 1:1 /tmp/a && mv /tmp/a/b /tmp/c && cat /tmp/c"),
    ],
  },
  rust: {
    target: "rust",
    commands: [
      { run: ["cargo", "--version"], prints: /^cargo 1\.(8[5-9]|9\d|\d{3})/m },
      { run: ["rustc", "--version"], prints: /^rustc 1\.(8[5-9]|9\d|\d{3})/m },
      script("compiles a Rust program that runs", 'cd /tmp && echo "fn main() { println!(\\"ok\\") }" > a.rs && rustc a.rs && ./a'),
      script("compiles a C program that runs", 'cd /tmp && printf "#include <stdio.h>\\nint main(void) { puts(\\"ok\\"); }" > a.c && gcc a.c -o a && ./a'),
      script("trusts certificate authorities", "test -s /etc/ssl/certs/ca-certificates.crt && echo ok"),
    ],
  },
  postgres: {
    target: "postgres",
    commands: [
      ...["postgres", "initdb", "psql", "pg_isready"].map((name): Check => ({ run: [`/usr/lib/postgresql/17/bin/${name}`, "--version"], prints: /\(PostgreSQL\) 17\./, as: "999:999" })),
      script("/var/lib/postgresql is the user's", 'test "$(stat -c %u:%g /var/lib/postgresql)" = 999:999 && echo ok'),
      script("makes a cluster and answers a query", "cd /tmp && PATH=/usr/lib/postgresql/17/bin && initdb -k -D d --locale=C.UTF-8 && echo \"select now() at time zone 'Europe/Vienna'\" | postgres --single -D d postgres && echo ok", "999:999"),
    ],
    users: [{ name: "postgres", uid: 999, gid: 999 }],
  },
  redis: {
    target: "redis",
    commands: [
      { run: ["redis-server", "--version"], prints: /v=8\.0\./, as: "999:999" },
      { run: ["redis-cli", "--version"], prints: /^redis-cli 8\.0\./m, as: "999:999" },
      shell,
    ],
    users: [{ name: "redis", uid: 999, gid: 999 }],
  },
  traefik: { target: "traefik", commands: [{ run: ["traefik", "version"], prints: /Version:\s+3\.7\.15\b/ }, script("has sh, mv, sleep, cat and grep", "cd /tmp && echo ok > a && mv a b && sleep 0 && cat b | grep ok"), wget] },
  prometheus: {
    target: "prometheus",
    commands: [
      { run: ["/bin/prometheus", "--version"], prints: /^prometheus, version 2\.53\.3\b/m, as: nobody },
      { run: ["/bin/promtool", "--version"], prints: /^promtool, version 2\.53\.3\b/m, as: nobody },
      wget,
    ],
    users: [{ name: "nobody", uid: 65534, gid: 65534 }],
  },
  nodeExporter: { target: "node-exporter", commands: [{ run: ["/bin/node_exporter", "--version"], prints: /version 1\.9\.0\b/, as: nobody }, wget] },
  postgresExporter: { target: "postgres-exporter", commands: [{ run: ["/bin/postgres_exporter", "--version"], prints: /version 0\.17\.1\b/, as: nobody }, wget] },
  redisExporter: { target: "redis-exporter", commands: [{ run: ["/redis_exporter", "--version"], prints: /1\.69\.0\b/, as: nobody }, wget] },
  registry: { target: "registry", commands: [{ run: ["/bin/registry", "--version"], prints: /\b2\.8\.3\b/ }, shell, wget] },
};

export interface PlatformImage {
  role: string;
  reference: string;
  /** Undefined for a role that has no stand-in. */
  contract: ImageContract | undefined;
}

/** The platform images of images.lock.json, in its order. */
export function platformImages(lockFile = new URL("../images.lock.json", import.meta.url)): PlatformImage[] {
  const lock = JSON.parse(readFileSync(lockFile, "utf8")) as Record<string, string>;
  return Object.entries(lock).map(([role, reference]) => ({ role, reference, contract: (contracts as Record<string, ImageContract | undefined>)[role] }));
}

/** The repository and tag by which Docker Hub, and so a mirror of it, knows an image: official ones are under library/. */
export function hubName(reference: string): { repository: string; tag: string } {
  const [path = reference, digest] = reference.replace(/^docker\.io\//, "").split("@");
  const colon = path.lastIndexOf(":");
  const repository = colon === -1 ? path : path.slice(0, colon);
  return { repository: repository.includes("/") ? repository : `library/${repository}`, tag: digest ?? (colon === -1 ? "latest" : path.slice(colon + 1)) };
}
