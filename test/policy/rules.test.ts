import assert from "node:assert/strict";
import { test } from "node:test";
import { hardened } from "../../components/docker/hardening.ts";
import { healthGated } from "../../components/docker/health.ts";
import { logged } from "../../components/docker/logging.ts";
import { swarmService } from "../../components/app/swarm-service.ts";
import { exceptions } from "../../policy/exceptions.ts";
import { type Finding, findingsOf, type Settings, type Subject, unknown } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { types } from "../../pulumi/resource-types.ts";

const digest = `sha256:${"a1".repeat(32)}`;
const settings: Settings = {
  stack: "test",
  environment: "prod",
  registry: "ghcr.io/acme",
  images: { redis: "redis:8.0", traefik: `docker.io/library/traefik:v3@${digest}` },
  apps: {
    shop: {},
    old: { root: true, capabilities: ["CHOWN"], writableRoot: true },
    bold: { root: true, capabilities: ["SYS_ADMIN", "ALL"] },
    live: { root: true, writableRoot: true, folder: "/src/apps/live" },
  },
};
const dev: Settings = { ...settings, environment: "dev" };
const unlocked: Settings = { ...settings, images: { redis: "redis:8.0" } };

const { container: containerType, volume: volumeType, pulled: imageType, service: serviceType } = types;
const labels = (role: string, app: string | null = null) => [...(app === null ? [] : [{ label: "berth.app", value: app }]), { label: "berth.role", value: role }, { label: "berth.stack", value: "test" }];
const urn = (chain: string, name: string) => `urn:pulumi:test::berth::${chain}::${name}`;

/** A container as the components make it, but for `change`. */
function container(change: Record<string, unknown> = {}, app: string | null = "shop", chain = "berth:index:Application$berth:index:Workload"): Subject {
  const inputs = {
    image: app === null ? `redis@${digest}` : `ghcr.io/acme/${app}:latest@${digest}`,
    envs: ["PORT=80"],
    user: "10321:10321",
    labels: labels("web", app),
    mounts: [{ type: "volume", source: "berth-test-data", target: "/data" }],
    networksAdvanced: [{ name: "berth-test-edge" }],
    ...healthGated(["CMD", "health"]),
    ...hardened({ memory: 64 }),
    ...logged({ prefix: "berth-test", logs: { driver: "json-file", size: 10, files: 3 } }, "web", app ?? undefined),
    ...change,
  };
  return { type: containerType, name: "shop-web-0", urn: urn(`${chain}$${containerType}`, "shop-web-0"), inputs };
}
/** The same as a service of Docker Swarm, but for `change` in its task and `spec` in its containers. */
function service(change: Record<string, unknown> = {}, spec: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Subject {
  const { settings: made } = swarmService({
    platform: { prefix: "berth-test", labels: { "berth.stack": "test" }, logs: { driver: "json-file", size: 10, files: 3 } } as never,
    app: "shop",
    image: `ghcr.io/acme/shop:latest@${digest}`,
    env: { PORT: "80" },
    user: "10321:10321",
    health: ["health"],
    memory: 64,
    networks: [{ name: "berth-test-edge", id: "1" }] as never,
  });
  const task = made.taskSpec as { containerSpec: object };
  // Its host name is an output of the whole: no rule reads it.
  const containerSpec = { ...task.containerSpec, hostname: undefined, ...spec };
  return { type: serviceType, name: "shop-web", urn: urn(serviceType, "shop-web"), inputs: { ...made, taskSpec: { ...task, containerSpec, ...change }, ...more } };
}
const part = (change: Record<string, unknown>, chain = "berth:index:Redis") => container(change, null, chain);
const job = { attach: true, mustRun: false, restart: "no", healthcheck: undefined, wait: undefined };
const carrier = { start: false, mustRun: false, networkMode: "none", networksAdvanced: undefined, user: undefined, memory: undefined, logDriver: undefined };
const volume = (role: string, change: Partial<Subject>): Subject => {
  return { type: volumeType, name: "v", urn: urn(volumeType, "v"), inputs: { name: "berth-test-v", labels: labels(role) }, protect: true, retainOnDelete: true, ...change };
};
const image = (name: string): Subject => ({ type: imageType, name: "i", urn: urn(imageType, "i"), inputs: { name } });
const build = (buildArgs: Record<string, string>): Subject => ({ type: "docker-build:index:Image", name: "b", urn: urn("docker-build:index:Image", "b"), inputs: { buildArgs } });

type Row = [what: string, subject: Subject, settings?: Settings];
const published = [{ internal: 8000, external: 80, ip: "0.0.0.0" }];
const loopback = [{ internal: 5000, external: 5555, ip: "127.0.0.1" }];
const bind = (source: string) => ({ mounts: [{ type: "bind", source, target: "/x" }] });

/** By rule: what it lets pass, and what it finds. */
const table: Record<string, { passes: Row[]; finds: Row[] }> = {
  "image-digest": {
    passes: [["tag and digest", container()], ["an image's own id", part({ image: digest })], ["not known yet", container({ image: unknown })]],
    finds: [["a tag", container({ image: "ghcr.io/acme/shop:1.2" })], ["a tag in dev, as advice", container({ image: "ghcr.io/acme/shop:1.2" }), dev], ["half a digest", container({ image: "ghcr.io/acme/shop@sha256:a1" })]],
  },
  "image-latest": {
    passes: [["latest with a digest", container()], ["a version", image("redis:8.0")], ["a version, registry with a port", image("host:5000/redis:8.0")]],
    finds: [["latest", image("redis:latest")], ["no tag", image("redis")], ["no tag, registry with a port", image("host:5000/redis")], ["latest in a container, in dev", container({ image: "ghcr.io/acme/shop:latest" }), dev]],
  },
  "image-source": {
    passes: [
      ["an application from the stack's registry", container()],
      ["a part from the lock file", part({})],
      ["a part by Docker Hub's long name", part({ image: `traefik@${digest}` })],
      ["a part that is built", part({ image: `ghcr.io/acme/berth-postgres:latest@${digest}` })],
      ["a part's image that no registry has", part({ image: digest })],
      ["not known yet", container({ image: unknown })],
    ],
    finds: [
      ["another account", container({ image: `ghcr.io/evil/shop@${digest}` })],
      ["an account that begins alike", container({ image: `ghcr.io/acme-evil/shop@${digest}` })],
      ["another registry, in dev too", container({ image: `docker.io/acme/shop@${digest}` }), dev],
      ["an application that runs a part's image", container({ image: `redis@${digest}` })],
      ["an application by an image's id", container({ image: digest })],
      ["a part that nobody named", part({ image: `mongo@${digest}` })],
      ["a pull from elsewhere", image(`ghcr.io/evil/shop@${digest}`)],
    ],
  },
  "image-locked": {
    passes: [["a digest", image(settings.images["traefik"] ?? "")], ["a tag in dev", image("redis:8.0"), dev], ["an application's image", image(`ghcr.io/acme/shop:latest@${digest}`)]],
    finds: [["a tag where others are pinned", image("redis:8.0")], ["a tag where none is, as advice", image("redis:8.0"), unlocked]],
  },
  privileged: { passes: [["false", container({ privileged: false })]], finds: [["true", container({ privileged: true })]] },
  "host-namespaces": {
    passes: [["private ones", container({ ipcMode: "private" })], ["none", container(carrier)]],
    finds: ["networkMode", "pidMode", "ipcMode", "usernsMode", "cgroupnsMode"].map((mode): Row => [mode, container({ [mode]: "host" })]).concat([["another container's", container({ networkMode: "container:abc" })]]),
  },
  "default-bridge": {
    passes: [["a network of the stack", container()], ["none", container({ networksAdvanced: undefined, networkMode: "none" })]],
    finds: [["nothing named", container({ networksAdvanced: undefined })], ["bridge", container({ networksAdvanced: [], networkMode: "bridge" })]],
  },
  "docker-socket": {
    passes: [["a volume", container()], ["a path that only sounds like it", container(bind("/srv/docker.sock.txt"))]],
    finds: ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/var/run/", "/"].map((path): Row => [path, container(bind(path))]).concat([["by volumes", container({ volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/s" }] }), dev], ["of a container that is never started", container({ ...carrier, ...bind("/run/docker.sock") })]]),
  },
  "host-folders": {
    passes: [["a volume", container({ volumes: [{ volumeName: "v", containerPath: "/x" }] })], ["the source of a live application in dev", container(bind("/src/apps/live/"), "live"), dev]],
    finds: [["a folder", container(bind("/etc"))], ["a folder in dev", container(bind("/etc"), "live"), dev], ["another's source in dev", container(bind("/src/apps/live"), "shop"), dev], ["the source in prod", container(bind("/src/apps/live"), "live")]],
  },
  "volume-options": {
    passes: [
      ["a volume", volume("data", {})],
      ["memory", volume("data", { inputs: { driver: "local", driverOpts: { type: "tmpfs", device: "tmpfs", o: "size=64m" } } })],
      ["a share", volume("data", { inputs: { driverOpts: { type: "nfs", device: ":/export", o: "addr=10.0.0.1,rw" } } })],
      ["a container that fills no volume from its image", container({ mounts: [{ type: "volume", source: "v", target: "/x", volumeOptions: { noCopy: true } }] })],
    ],
    finds: [
      ["the host's root", volume("data", { inputs: { driverOpts: { type: "none", o: "bind", device: "/" } } })],
      ["a bind, in dev too, whatever its type", volume("files", { inputs: { driverOpts: { type: "tmpfs", o: "rw,rbind", device: "/etc" } } }), dev],
      ["a disk", volume("data", { inputs: { driverOpts: { type: "ext4", device: "/dev/sda1" } } })],
      ["a folder that calls itself a share", volume("data", { inputs: { driverOpts: { type: "nfs", device: "/etc" } } })],
      ["a plugin", volume("data", { inputs: { driver: "local-persist", driverOpts: { mountpoint: "/" } } })],
      ["of a mount", container({ mounts: [{ type: "volume", source: "v", target: "/x", volumeOptions: { driverName: "local", driverOptions: { type: "none", o: "bind", device: "/" } } }] })],
      ["of a mount of what is never started", container({ ...carrier, mounts: [{ type: "volume", target: "/x", volumeOptions: { driverOptions: { o: "bind", device: "/" } } }] })],
    ],
  },
  devices: { passes: [["none", container({ devices: [] })]], finds: [["a disk", container({ devices: [{ hostPath: "/dev/sda" }] })]] },
  "published-ports": {
    passes: [
      ["none", container()],
      ["Traefik's", part({ ports: published }, "berth:index:Traefik")],
      ["the registry's on 127.0.0.1", part({ ports: loopback }, "berth:index:Registry")],
      ["the log collector's on 127.0.0.1", part({ ports: loopback }, "berth:index:LogCollector")],
    ],
    finds: [
      ["an application's", container({ ports: published })],
      ["an application's on 127.0.0.1", container({ ports: loopback })],
      ["the registry's on all addresses", part({ ports: [{ internal: 5000, external: 5555 }] }, "berth:index:Registry")],
      ["all at once", part({ publishAllPorts: true }, "berth:index:Traefik")],
      ["of a job within Traefik", part({ ports: published }, "berth:index:Traefik$berth:index:Job")],
    ],
  },
  "no-new-privileges": { passes: [["as hardened", container()], ["on again later in the list", container({ securityOpts: ["no-new-privileges=false", "no-new-privileges"] })]], finds: [["nothing", container({ securityOpts: undefined })], ["off", container({ securityOpts: ["no-new-privileges:false"] })], ["off again later in the list", container({ securityOpts: ["no-new-privileges:true", "no-new-privileges:false"] })], ["off by a number", container({ securityOpts: ["no-new-privileges:true", "no-new-privileges=0"] })]] },
  confinement: {
    passes: [["a profile of one's own", container({ securityOpts: ["no-new-privileges:true", "seccomp=/etc/shop.json"] })], ["a level of SELinux, and containers' own type", container({ securityOpts: ["no-new-privileges:true", "label=level:s0:c100,c200", "label:type:container_t"] })]],
    finds: ["seccomp=unconfined", "apparmor=unconfined", "apparmor:unconfined", "label=disable", "label:disable", "label:type:spc_t", "label=type:unconfined_t", "label=user:root", "systempaths=unconfined", "writable-cgroups=true", 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'].map((option): Row => [option, container({ securityOpts: ["no-new-privileges:true", option] })]),
  },
  capabilities: {
    passes: [["all dropped", container()], ["what app.ts names", container({ capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] } }, "old")], ["the owner of a volume", part({ capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] } }, "berth:index:Redis$berth:index:Volume$berth:index:Job")]],
    finds: [["none dropped", container({ capabilities: undefined })], ["one added", container({ capabilities: { drops: ["ALL"], adds: ["CAP_SYS_ADMIN"] } })], ["one that no app.ts can allow", container({ capabilities: { drops: ["ALL"], adds: ["CAP_SYS_ADMIN"] } }, "bold")], ["all of them", container({ capabilities: { drops: ["ALL"], adds: ["all"] } }, "bold")], ["one more than named", container({ capabilities: { drops: ["ALL"], adds: ["CHOWN", "NET_RAW"] } }, "old")]],
  },
  "read-only-root": { passes: [["read-only", container()], ["as app.ts says", container({ readOnly: false }, "old")], ["never started", container({ ...carrier, readOnly: undefined })]], finds: [["writable", container({ readOnly: false })], ["not said", part({ readOnly: undefined })]] },
  user: {
    passes: [["a number", container()], ["a name", container({ user: "postgres" })], ["root, as app.ts says", container({ user: "0:0" }, "old")], ["root, for the tools", part({ user: "0:0" }, "berth:index:Tools$berth:index:Job")]],
    finds: [["0", container({ user: "0" })], ["0:0", container({ user: "0:0" })], ["root", part({ user: "root" })], ["not said", container({ user: undefined })], ["root in a job of another part", part({ user: "0:0" }, "berth:index:Redis$berth:index:Job")]],
  },
  "plain-secrets": {
    passes: [
      ["a file's path", container({ envs: ["DB_PASSWORD_FILE=/run/secrets/p", "DATABASE_URL_FILE=/run/secrets/u", "API_TOKEN="] })],
      ["what only speaks of secrets", container({ envs: ["TOKEN_TTL=60", "KEYBOARD=de", "PASSWORD_MIN_LENGTH=12", "PUBLIC_KEY=abc", "CACHE_KEY=v1", "TOKEN_URL=https://id.example.com/token", "COMPASS=north", "PATH=/bin", "LINK=https://example.com/?tokens=3"] })],
      ["what is switched or counted", container({ envs: ["DISABLE_PASSWORD_LOGIN=true", "REQUIRE_TOKEN=no", "MAX_PASSWORD_TRIES=5"] })],
      ["options that say where a secret is", container({ command: ["--password-file=/run/secrets/p", "--token", "/run/secrets/t", "--passthrough=yes", "--api-key", "--verbose", "--secret=$KEY"], labels: [{ label: "berth.role", value: "web" }] })],
      ["an address without a password", container({ envs: ["REDIS_URL=redis://redis:6379", "MAIL=smtp://user@mail:25"] })],
      ["a build argument", build({ BASE: "postgres:17" })],
      ["not known yet", container({ envs: unknown })],
    ],
    finds: ["DB_PASSWORD=x", "SECRET_KEY=x", "AWS_SECRET_ACCESS_KEY=x", "GITHUB_TOKEN=x", "api_key=x", "PGPASSWORD=x", "DATABASE_URL=postgres://u:p@db/x", "REDIS=redis://:p@redis:6379",
      "DB_PASS=x", "ADMIN_PASSWORD=123456", "LOGIN_TOKEN_OF=text", "SMTP_PASS=x", "JWT_KEY=x", "STRIPE_KEY=x", "GITHUB_PAT=x", "DSN=https://db.example.com/x?user=a&password=x", `PAYMENTS=sk_live_${"0".repeat(24)}`, "CERTIFICATE=-----BEGIN EC PRIVATE KEY-----"]
      .map((variable): Row => [variable.replace(/=.*/, ""), container({ envs: [variable] })])
      .concat([["a build argument", build({ NPM_TOKEN: "x" })], ["an argument", container({ command: ["--db", "postgres://u:p@db/x"] })]])
      .concat([["--password=x"], ["redis-server", "--requirepass", "x"], ["--db-password", "x"], ["-token=x"], ["--web.api-key=x"]].map((command): Row => [command.join(" "), container({ command })]))
      .concat([["an entrypoint", container({ entrypoints: ["serve", "--secret", "x"] })], ["a label", container({ labels: [{ label: "shop.token", value: "x" }] })], ["of a job, in dev", container({ ...job, envs: ["TOKEN=x"] }), dev]]),
  },
  limits: {
    passes: [["as hardened", container()], ["never started", container(carrier)]],
    finds: [["no memory", container({ memory: undefined, memorySwap: undefined })], ["no cores", container({ cpus: undefined })], ["a service without", service({ resources: undefined })]],
  },
  swap: {
    passes: [["as hardened", container()], ["a service, which can't say", service()]],
    finds: [["more than memory", container({ memorySwap: 128 })], ["without end", container({ memorySwap: -1 })], ["not said", container({ memorySwap: undefined })]],
  },
  processes: { passes: [["as hardened", container()], ["a service, which can't say", service()]], finds: [["none", container({ ulimits: [] })], ["of files alone", container({ ulimits: [{ name: "nofile", soft: 1, hard: 1 }] })]] },
  health: { passes: [["a check", container()], ["a job", container(job)]], finds: [["none", container({ healthcheck: undefined })], ["switched off", container({ healthcheck: { tests: ["NONE"] } })]] },
  restart: {
    passes: [["unless-stopped", container()], ["so many times", container({ restart: "on-failure", maxRetryCount: 3 })], ["a job", container(job)]],
    finds: [["no", container({ restart: "no" })], ["not said", container({ restart: undefined })]],
  },
  "log-rotation": {
    passes: [
      ["files", container()],
      ["syslog", container(logged({ prefix: "berth-test", logs: { driver: "syslog", address: "udp://logs:514", facility: "daemon" } }, "web"))],
      ["fluentd", container(logged({ prefix: "berth-test", logs: { driver: "fluentd", address: "logs:24224" } }, "web"))],
    ],
    finds: [["the engine's own", container({ logDriver: undefined, logOpts: undefined })], ["files without end", container({ logDriver: "json-file", logOpts: { "max-size": "10m" } })], ["a store that is waited for", container({ logDriver: "syslog", logOpts: { "syslog-address": "tcp://logs:514" } })]],
  },
  "data-volumes": {
    passes: [["data", volume("data", {})], ["what may leave the stack", volume("data", { protect: false })], ["files", volume("files", { protect: false, retainOnDelete: false })], ["what Pulumi does not tell a pack", volume("data", { retainOnDelete: undefined })]],
    finds: [["deleted with the stack", volume("data", { retainOnDelete: false })], ["a name of its own each time", volume("data", { inputs: { labels: labels("data") } })]],
  },
};

const found = (rule: string, [, subject, given = settings]: Row): Finding[] => findingsOf(rules.filter(({ name }) => name === rule), [subject], given);

test("every rule has rows that pass and rows that fail", () => {
  assert.deepEqual(Object.keys(table), rules.map(({ name }) => name));
});

for (const { name, description } of rules) {
  test(`${name}: ${description}`, () => {
    const { passes = [], finds = [] } = table[name] ?? {};
    assert.ok(passes.length > 0 && finds.length > 0);
    for (const row of passes) assert.deepEqual(found(name, row), [], `lets pass: ${row[0]}`);
    for (const row of finds) {
      const findings = found(name, row);
      assert.ok(findings.length > 0, `finds: ${row[0]}`);
      for (const { value, allowed, fix, resource } of findings) {
        assert.ok(value !== "" && allowed !== "" && fix !== "", JSON.stringify(findings));
        assert.match(resource, /^(Container shop-web-0|Volume v|Service shop-web|RemoteImage i|Image b)$/);
      }
    }
  });
}

test("a container as the components make it breaks no rule, whether it stays, is a job, or only carries files", () => {
  assert.deepEqual(findingsOf(rules, [container(), container(job), container(carrier), part({})], settings), []);
});

test("a service of Docker Swarm is looked at as its replicas are", () => {
  const names = (subject: Subject) => findingsOf(rules, [subject], settings).map(({ rule }) => rule);
  assert.deepEqual(names(service()), []);
  const rows: [Subject, string[]][] = [
    [service({}, { image: "ghcr.io/acme/shop:1" }), ["image-digest"]],
    [service({}, { image: `ghcr.io/evil/shop@${digest}` }), ["image-source"]],
    [service({}, { mounts: [{ type: "bind", source: "/var/run/docker.sock", target: "/s" }] }), ["docker-socket", "host-folders"]],
    [service({}, {}, { endpointSpec: { ports: [{ targetPort: 80, publishedPort: 80 }] } }), ["published-ports"]],
    [service({}, { capDrops: [], readOnly: false, user: "root" }), ["capabilities", "read-only-root", "user"]],
    [service({}, { env: { API_TOKEN: "x" } }), ["plain-secrets"]],
    [service({ networksAdvanceds: [] }), ["default-bridge"]],
    [service({ restartPolicy: { condition: "none" }, logDriver: undefined }, { healthcheck: undefined }), ["health", "restart", "log-rotation"]],
  ];
  for (const [subject, broken] of rows) assert.deepEqual(names(subject), broken);
});

test("what is advice in dev, or before the first digest is locked, is mandatory in prod", () => {
  const level = (rule: string, given: Settings) => rules.find(({ name }) => name === rule)?.level(given);
  assert.deepEqual([level("image-digest", dev), level("image-digest", settings)], ["advisory", "mandatory"]);
  assert.deepEqual([level("image-locked", dev), level("image-locked", unlocked), level("image-locked", settings)], [undefined, "advisory", "mandatory"]);
  for (const { name, level: of } of rules.filter(({ name }) => !name.startsWith("image-"))) assert.deepEqual([of(dev), of(unlocked)], ["mandatory", "mandatory"], name);
});

test("the value of a secret is in no finding", () => {
  const subjects = [container({ envs: ["TOKEN=canary", "URL=postgres://u:canary@db/x"], command: ["redis://:canary@r"] }), build({ NPM_TOKEN: "canary" })];
  const text = JSON.stringify(findingsOf(rules, subjects, settings));
  assert.ok(text.includes("TOKEN") && !text.includes("canary"), text);
});

test("every exception of the platform says why", () => {
  for (const { within, reason } of exceptions) assert.ok(reason.length > 30, within);
});
