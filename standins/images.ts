import { readFileSync } from "node:fs";

/** What the program relies on in one platform image, upstream's as well as a stand-in. */
export interface ImageContract {
  /** The stage of standins/Dockerfile that makes the stand-in; `base` is the Debian that all of them stand on. */
  target: string;
  /** Other images are built on it, and no container runs it: the mirror, which the program pulls from, gets no copy. */
  isBuiltOn?: true;
  /** Files beside the Dockerfile that the stage, or one that it is made from, reads. */
  files?: string[];
  /** Each is run in a container of the image, as the user `as` (the image's own by default); its output must match. `text` is shown in its place. */
  commands: { run: [string, ...string[]]; prints: RegExp; as?: string; text?: string }[];
  /** Users that must exist under this name with these ids. */
  users?: { name: string; uid: number; gid: number }[];
}

type Check = ImageContract["commands"][number];
const script = (text: string, lines: string, as?: string): Check => ({ run: ["/bin/sh", "-c", lines], prints: /^ok$/m, text, ...(as === undefined ? {} : { as }) });
const shell = script("has /bin/sh", "echo ok");
// Upstream's wget is busybox's: the options that it shares with GNU's.
const wget = script("has wget", "wget -q -T 1 -O - http://127.0.0.1:9/; test $? != 127 && echo ok");
const nobody = "65534:65534";

/** By role, as in images.lock.json. The versions are those of the lock's tags: the check fails where the two part ways. */
export const contracts = {
  toolbox: {
    target: "base",
    commands: [
      { run: ["/bin/cat", "/etc/os-release"], prints: /^VERSION_CODENAME=trixie$/m },
      script("has sh, mkdir, chown, mv and cat", "mkdir /tmp/a && echo ok > /tmp/a/b && chown -R 1:1 /tmp/a && mv /tmp/a/b /tmp/c && cat /tmp/c"),
    ],
  },
  rust: {
    target: "rust",
    isBuiltOn: true,
    commands: [
      { run: ["cargo", "--version"], prints: /^cargo 1\.(8[5-9]|9\d|\d{3})/m },
      { run: ["rustc", "--version"], prints: /^rustc 1\.(8[5-9]|9\d|\d{3})/m },
      script("compiles a Rust program that runs", 'cd /tmp && echo "fn main() { println!(\\"ok\\") }" > a.rs && rustc a.rs && ./a'),
      script("compiles a C program that runs", 'cd /tmp && printf "#include <stdio.h>\\nint main(void) { puts(\\"ok\\"); }" > a.c && gcc a.c -o a && ./a'),
      script("trusts certificate authorities", "test -s /etc/ssl/certs/ca-certificates.crt && echo ok"),
    ],
  },
  node: {
    target: "node",
    isBuiltOn: true,
    files: ["node.txt", "traefik.txt"],
    commands: [
      { run: ["/usr/local/bin/node", "--version"], prints: /^v24\./m },
      { run: ["/usr/local/bin/npm", "--version"], prints: /^11\./m },
      { run: ["/usr/local/bin/npx", "--version"], prints: /^11\./m, as: "4711:4711" },
      script("runs a program in TypeScript", "cd /tmp && echo 'const text: string = `o${`k`}`; console.log(text)' > a.ts && node a.ts"),
    ],
    users: [{ name: "node", uid: 1000, gid: 1000 }],
  },
  python: {
    target: "python",
    isBuiltOn: true,
    commands: [
      { run: ["/usr/local/bin/python3", "--version"], prints: /^Python 3\.13\./m },
      { run: ["/usr/local/bin/python", "-c", "import ctypes, sqlite3, ssl, zoneinfo; print('ok')"], prints: /^ok$/m, as: "4711:4711" },
      script(
        "pip installs into it, where upstream's does",
        String.raw`cd /tmp && mkdir a-1.dist-info && printf 'Metadata-Version: 2.1\nName: a\nVersion: 1\n' > a-1.dist-info/METADATA && printf 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n' > a-1.dist-info/WHEEL && touch a-1.dist-info/RECORD && echo 'print("ok")' > a.py
        python3 -m zipfile -c a-1-py3-none-any.whl a.py a-1.dist-info && rm a.py && pip install -q --no-index ./a-1-py3-none-any.whl && test -f /usr/local/lib/python3.13/site-packages/a.py && python3 -m a`,
      ),
      script("makes virtual environments with pip", "python3 -m venv /tmp/v && /tmp/v/bin/pip --version && echo ok"),
    ],
  },
  go: {
    target: "go",
    isBuiltOn: true,
    commands: [
      { run: ["/usr/local/go/bin/go", "version"], prints: /^go version go1\.24\./m },
      script("compiles a Go program that runs, with cgo", String.raw`test "$(go env GOPATH)" = /go && cd /tmp && printf 'package main\n// #include <stdlib.h>\nimport "C"\nfunc main() { if C.abs(-1) == 1 { println("yes") } }' > a.go && go build -o a a.go && ./a 2>&1 | grep -q yes && echo ok`),
      script("has git, and trusts certificate authorities", "git --version && test -s /etc/ssl/certs/ca-certificates.crt && echo ok"),
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
  gateway: {
    target: "gateway",
    commands: [{ run: ["haproxy", "-v"], prints: /^HAProxy version 3\.0\./m, as: "99:99" }, wget],
    users: [{ name: "haproxy", uid: 99, gid: 99 }],
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
  traefik: { target: "traefik", files: ["traefik.txt"], commands: [{ run: ["traefik", "version"], prints: /Version:\s+3\.7\.15\b/ }, script("has sh, mkdir, cp, mv, rm, sleep, date, sed, cat and grep", "cd /tmp && mkdir -p w && echo ko | sed s/ko/ok/ > w/a && cp w/a w/c && mv w/a b && sleep 0 && date +%s && cat b | grep ok && rm -r b w"), wget, script("has a wget that shows what a server answers", "wget -S -T 1 -O /dev/null --header Host:a http://127.0.0.1:1/ 2>&1 | grep -q refused && echo ok")] },
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
  alertmanager: {
    target: "alertmanager",
    commands: [
      { run: ["/bin/alertmanager", "--version"], prints: /^alertmanager, version 0\.28\.1\b/m, as: nobody },
      { run: ["/bin/amtool", "--version"], prints: /^amtool, version 0\.28\.1\b/m, as: nobody },
      script("runs as nobody, whose /alertmanager is", 'test "$(id -u)" = 65534 && touch /alertmanager/a && echo ok'),
      wget,
    ],
  },
  logCollector: {
    target: "log-collector",
    files: ["collector/go.mod", "collector/go.sum", "collector/main.go"],
    commands: [
      { run: ["/otelcol-contrib", "--version"], prints: /version 0\.135\.0\b/, as: "10001:10001" },
      ...["fluentforward", "memory_limiter", "groupbyattrs", "transform", "otlphttp", "debug", "health_check", "file_storage"].map((part): Check => ({ run: ["/otelcol-contrib", "components"], prints: new RegExp(`name: ${part}$`, "m"), text: `has ${part}` })),
    ],
  },
  maildev: {
    target: "maildev",
    files: ["maildev/package-lock.json", "maildev/package.json", "node.txt", "traefik.txt"],
    commands: [
      { run: ["/home/node/bin/maildev", "--version"], prints: /^2\.2\.1$/m, as: "4711:4711" },
      script("serves its API", "cd /tmp && { /home/node/bin/maildev & } && for i in 1 2 3 4 5 6 7 8 9; do sleep 1; wget -q -O - http://127.0.0.1:1080/healthz && break; done && echo && echo ok", "4711:4711"),
    ],
    users: [{ name: "node", uid: 1000, gid: 1000 }],
  },
  adminer: {
    target: "adminer",
    commands: [
      { run: ["php", "-r", "echo extension_loaded('pgsql') ? 'ok' : 'no';"], prints: /^ok$/m, as: "4711:4711" },
      script("serves the form to log in", "cd /tmp && { php -S 127.0.0.1:8080 -t /var/www/html & } && sleep 2 && wget -q -O - http://127.0.0.1:8080/ | grep -q 'PostgreSQL' && echo ok", "4711:4711"),
      script("is the version of the lock", "grep -q 'version 5\\.2\\.1' /var/www/html/adminer.php && echo ok"),
    ],
  },
  pebble: { target: "pebble", commands: [{ run: ["/app", "-version"], prints: /./, as: nobody }] },
} satisfies Record<string, ImageContract>;

export interface PlatformImage {
  role: string;
  reference: string;
  /** Undefined for a role that has no stand-in. */
  contract: ImageContract | undefined;
}

/** The platform images of images.lock.json, in its order. */
export function platformImages(lockFile = new URL("../config/images.lock.json", import.meta.url)): PlatformImage[] {
  const lock = JSON.parse(readFileSync(lockFile, "utf8")) as Record<string, string>;
  return Object.entries(lock).map(([role, reference]) => ({ role, reference, contract: (contracts as Record<string, ImageContract | undefined>)[role] }));
}

/** False for an image of another registry than Docker Hub, which a mirror of it never gives. */
export function onDockerHub(reference: string): boolean {
  const host = reference.split("/")[0] ?? "";
  return !reference.includes("/") || host === "docker.io" || !/[.:]|^localhost$/.test(host);
}

/** The repository and tag by which Docker Hub, and so a mirror of it, knows an image: official ones are under library/. */
export function hubName(reference: string): { repository: string; tag: string } {
  const [path = reference, digest] = reference.replace(/^docker\.io\//, "").split("@");
  const colon = path.lastIndexOf(":");
  const repository = colon === -1 ? path : path.slice(0, colon);
  return { repository: repository.includes("/") ? repository : `library/${repository}`, tag: digest ?? (colon === -1 ? "latest" : path.slice(colon + 1)) };
}
