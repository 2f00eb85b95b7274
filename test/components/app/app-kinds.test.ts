import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import * as fc from "fast-check";
import { spawnSync } from "node:child_process";
import type { AppDefinition } from "../../../components/index.ts";
import { requestTo, wantsTools } from "../../../components/app/command.ts";
import { userIdOf } from "../../../components/docker/hardening.ts";
import { reportedHealth } from "../../../components/app/worker-health.ts";
import { renderCrontab } from "../../../components/app/schedule.ts";
import { Tools } from "../../../components/docker/tools.ts";
import { application as make, least, registry, toolsSource } from "../application-program.ts";
import { child, customs, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const uid = userIdOf("shop");
const toolsMount = { type: "volume", source: "berth-test-tools", target: "/opt/berth", readOnly: true };
const secretsMount = { type: "volume", source: filesVolume("shop-secrets"), target: "/run/secrets", readOnly: true };
const worker: AppDefinition = { context: "/apps/shop", worker: { command: ["shop", "work"], health: ["shop", "alive"] } };

describe("tools", () => {
  const tools = (built?: string) => new Tools("tools", { platform, registry, pullProvider: new docker.Provider("pull"), source: { ...toolsSource, built } }, onHost());

  test("are nothing until a container asks for them, also for who asks which image they are", async () => {
    const { resources, result } = await record(() => ({ image: tools().image }));
    assert.deepEqual(customs(resources), []);
    assert.deepEqual(result, { image: undefined });
  });

  test("of an image that was built before are pulled by its digest, and nothing is built", async () => {
    const built = `ghcr.io/acme/berth-tools@sha256:${"a".repeat(64)}`;
    const { resources, result } = await record(() => {
      const made = tools(built);
      return { mount: made.mount(), image: made.image };
    });
    assert.deepEqual(customs(resources), ["Container tools-fill", "Container tools-owner", "RemoteImage tools-image-pulled", "Volume tools-volume"]);
    const pulled = child(resources, "RemoteImage", "tools-image-pulled");
    assert.deepEqual([pulled.inputs, pulled.provider], [{ name: built, keepLocally: true }, "pull"]);
    assert.equal(child(resources, "Container", "tools-fill").inputs["image"], built);
    assert.equal(await new Promise((resolve) => void result.image?.apply(resolve)), built);
  });

  test("are an image, and a volume that a job fills as root without a network", async () => {
    const { resources } = await record(() => tools().mount());
    assert.deepEqual(customs(resources), ["Container tools-fill", "Container tools-owner", "Image tools-image", "RemoteImage tools-image-pulled", "Volume tools-volume"]);
    const { inputs } = child(resources, "Container", "tools-fill");
    assert.deepEqual([inputs["user"], inputs["networkMode"], inputs["mounts"]], ["0:0", "none", [{ ...toolsMount, target: "/tools", readOnly: false }]]);
  });
});

describe("a worker", () => {
  test("has no route, no name on the edge network, and is replaced create first", async () => {
    const { resources, result } = await record(make(worker));
    assert.deepEqual(result.routes, []);
    const container = child(resources, "Container", "shop-worker-0");
    assert.deepEqual(container.inputs["networksAdvanced"], [{ name: "own", aliases: ["shop-worker"] }]);
    assert.deepEqual([container.inputs["entrypoints"], container.inputs["labels"], container.deleteBeforeReplace], [["shop", "work"], labels("worker", "shop"), false]);
    assert.deepEqual(container.inputs["healthcheck"], health(["CMD", ...reportedHealth(["shop", "alive"])], "1m0s"));
    assert.deepEqual(container.inputs["mounts"], [secretsMount, toolsMount]);
  });

  test("in whose application a schedule wants the tools too has them once", async () => {
    const { resources } = await record(make({ ...worker, schedules: { tidy: { cron: "0 3 * * *", command: ["shop", "tidy"] } } }));
    assert.deepEqual(child(resources, "Container", "shop-worker-0").inputs["mounts"], [secretsMount, toolsMount]);
  });

  test("reaches the world only when it says so, and gives its metrics under a name", async () => {
    const { resources } = await record(make({ ...worker, egress: true, metrics: { port: 9090 } }));
    assert.deepEqual(child(resources, "Container", "shop-worker-0").inputs["networksAdvanced"], [{ name: "own", aliases: ["shop-metrics", "shop-worker"] }, { name: "egress" }]);
  });

  test("with a volume has it as its own user, kept when the application leaves, and is stopped before the next one starts", async () => {
    const { resources } = await record(make({ ...worker, volumes: { data: "/app/data" }, user: 1000, maxRestarts: 5 }));
    const volume = child(resources, "Volume", "shop-volume-data-volume");
    assert.deepEqual(volume.inputs["labels"], labels("data", "shop"));
    assert.deepEqual([volume.inputs["name"], volume.protect, volume.retainOnDelete], ["berth-test-shop-volume-data", false, true]);
    assert.deepEqual(child(resources, "Container", "shop-volume-data-owner").inputs["command"], ["1000:1000", "/volume"]);
    const { inputs, deleteBeforeReplace } = child(resources, "Container", "shop-worker-0");
    assert.deepEqual(inputs["mounts"], [secretsMount, { type: "volume", source: "berth-test-shop-volume-data", target: "/app/data", readOnly: false, volumeOptions: { noCopy: true } }, toolsMount]);
    assert.deepEqual([inputs["user"], inputs["restart"], inputs["maxRetryCount"], deleteBeforeReplace], ["1000:1000", "on-failure", 5, true]);
  });
});

describe("several workers", () => {
  const alive = ["shop", "alive"];
  const workers = { mail: { command: ["shop", "mail"], health: alive }, import: { command: ["shop", "import"], health: alive, stopGrace: 90 } };
  const containers = (resources: Awaited<ReturnType<typeof record>>["resources"]) => resources.filter(({ type, name }) => type.endsWith(":Container") && /^shop-worker.*-\d+$/.test(name)).toSorted((a, b) => a.name.localeCompare(b.name));

  test("are named by their role, and the one of `worker` as before; each has its command, replicas, memory and cores", async () => {
    const sizes = { worker: { replicas: 1, memory: 256, cpus: 0.5 }, "worker-mail": { replicas: 2, memory: 64, cpus: 0.25 }, "worker-import": { replicas: 1, memory: 1024, cpus: 2 } };
    const { resources } = await record(make({ ...worker, workers }, { workers: sizes }));
    const made = containers(resources);
    assert.deepEqual(
      made.map(({ name, inputs }) => [name, inputs["entrypoints"], inputs["memory"], inputs["cpus"], inputs["labels"], inputs["destroyGraceSeconds"]]),
      [
        ["shop-worker-0", ["shop", "work"], 256, "0.5", labels("worker", "shop"), 30],
        ["shop-worker-import-0", ["shop", "import"], 1024, "2.0", labels("worker-import", "shop"), 90],
        ["shop-worker-mail-0", ["shop", "mail"], 64, "0.25", labels("worker-mail", "shop"), 30],
        ["shop-worker-mail-1", ["shop", "mail"], 64, "0.25", labels("worker-mail", "shop"), 30],
      ],
    );
    const on = (name: string) => child(resources, "Container", name).inputs["networksAdvanced"];
    assert.deepEqual([on("shop-worker-mail-0"), on("shop-worker-mail-1")], [[{ name: "own", aliases: ["shop-worker-mail"] }], [{ name: "own", aliases: ["shop-worker-mail"] }]]);
  });

  test("without a size of their own are one each, as large as the application; the first has the metrics where nothing is served", async () => {
    const { resources } = await record(make({ context: "/apps/shop", workers, metrics: { port: 9090 } }));
    const aliases = containers(resources).map(({ name, inputs }) => [name, inputs["memory"], (inputs["networksAdvanced"] as { aliases: string[] }[])[0]?.aliases]);
    assert.deepEqual(aliases, [["shop-worker-import-0", 256, ["shop-worker-import"]], ["shop-worker-mail-0", 256, ["shop-metrics", "shop-worker-mail"]]]);
  });

  test("that run from source have the commands that `live` gives them, or their own", async () => {
    const live = { target: "dev", command: ["watch", "shop"], source: "/app", workers: { mail: ["watch", "mail"] } };
    const { resources } = await record(make({ context: import.meta.dirname, worker: { health: alive }, workers, live }, { live: true }));
    assert.deepEqual(containers(resources).map(({ inputs }) => inputs["entrypoints"]), [["watch", "shop"], ["shop", "import"], ["watch", "mail"]]);
  });
});

describe("a schedule", () => {
  test("whose run takes long has the time that it asks for, and the provider waits for it", async () => {
    const { resources } = await record(make({ ...worker, schedules: { backup: { ...backup, stopGrace: 3000 } } }));
    const { inputs, timeouts } = child(resources, "Container", "shop-backup");
    assert.deepEqual([inputs["destroyGraceSeconds"], inputs["stopTimeout"], timeouts], [3000, 60, { delete: "3060s" }]);
  });

  const backup = { cron: "15 3 * * *", timeZone: "Europe/Vienna", command: ["shop", "backup", "--keep", "it's 14"] };

  test("is supercronic in the application's image, with its environment and limits, stopped before it is replaced", async () => {
    const { resources } = await record(make({ ...worker, schedules: { backup }, env: { LEVEL: "info" } }));
    const container = child(resources, "Container", "shop-backup");
    const { image } = child(resources, "Container", "shop-worker-0").inputs;
    assert.deepEqual(container.inputs, {
      image,
      entrypoints: ["/opt/berth/supercronic"],
      command: ["-json", "-passthrough-logs", "-prometheus-listen-address", "0.0.0.0:9746", "/etc/berth-schedule/crontab"],
      envs: ["LEVEL=info", "TZ=Europe/Vienna"],
      user: `${uid}:${uid}`,
      mounts: [secretsMount, toolsMount, { type: "volume", source: filesVolume("shop-backup-crontab"), target: "/etc/berth-schedule", readOnly: true }],
      networksAdvanced: [{ name: "own", aliases: ["shop-schedule-backup"] }],
      labels: labels("schedule-backup", "shop"),
      healthcheck: health(["CMD", "/opt/berth/supercronic", "-quiet", "-test", "/etc/berth-schedule/crontab"], "1m0s"),
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      stopTimeout: 60,
      destroyGraceSeconds: 60,
      ...hardening({ memory: 256 }),
    });
    assert.deepEqual([container.deleteBeforeReplace, container.timeouts], [true, { delete: "120s" }]);
    const [upload] = child(resources, "Container", "shop-backup-crontab-filler").inputs["uploads"] as { content: string }[];
    assert.equal(upload?.content, `SHELL=/opt/berth/sh\n15 3 * * * exec shop backup --keep 'it'\\''s 14'\n`);
  });

  test("hands every word to the command as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~]+$/), { minLength: 1, maxLength: 4 }), (words) => {
        const line = renderCrontab({ cron: "0 0 * * *", command: ["printf", "%s\\0", ...words] }).split("\n")[1] ?? "";
        const { stdout } = spawnSync("/bin/sh", ["-c", line.slice("0 0 * * * ".length)], { encoding: "utf8" });
        assert.deepEqual(stdout.split("\0").slice(0, -1), words);
      }),
      { numRuns: 25 },
    );
  });
});

describe("jobs", () => {
  test("run one after the other, and everything that stays waits for the last", async () => {
    const { resources } = await record(make({ ...worker, jobs: { migrate: ["shop", "migrate"], seed: ["shop", "seed"] } }));
    const component = (name: string) => resources.find((resource) => resource.type.startsWith("berth:") && resource.name === name);
    assert.deepEqual(component("shop-seed")?.dependsOn, ["shop-migrate"]);
    assert.deepEqual(component("shop-worker")?.dependsOn, ["shop-seed"]);
  });
});

describe("configuration files", () => {
  test("are on a volume, read-only", async () => {
    const configFiles = { "production.toml": "level = 1\n" };
    const { resources } = await record(make({ ...worker, config: { directory: "config", target: "/opt/shop/config" } }, { configFiles }));
    assert.deepEqual(child(resources, "Container", "shop-config-filler").inputs["uploads"], [{ file: "/files/production.toml", content: "level = 1\n", permissions: "0444" }]);
    assert.deepEqual((child(resources, "Container", "shop-worker-0").inputs["mounts"] as object[])[1], { type: "volume", source: filesVolume("shop-config"), target: "/opt/shop/config", readOnly: true });
  });
});

describe("secrets", () => {
  test("that are optional and not set are left out; others are made", async () => {
    const { resources } = await record(make({ ...worker, secrets: { NEEDED: "a key", SENTRY_DSN: { purpose: "where errors go", optional: true } } }));
    const uploads = child(resources, "Container", "shop-secrets-filler").inputs["uploads"] as { file: string }[];
    assert.deepEqual(uploads.map(({ file }) => file), ["/files/NEEDED"]);
    assert.deepEqual(child(resources, "Container", "shop-worker-0").inputs["envs"], ["NEEDED_FILE=/run/secrets/NEEDED"]);
  });
});

describe("secrets under other names", () => {
  const derived = { SHOP_DB: "postgresql+asyncpg://${POSTGRES_USER}:${POSTGRES_PASSWORD}@${POSTGRES_HOST}:${POSTGRES_PORT}/${POSTGRES_DB}", BROKER: "${REDIS_URL}" };

  test("are files with what the database and the cache give in them, secret in the state", async () => {
    const { resources } = await record(make({ ...worker, database: true, cache: true, derived }));
    const filler = child(resources, "Container", "shop-secrets-filler");
    const uploads = filler.inputs["uploads"] as { file: string; content: string }[];
    const of = (name: string) => uploads.find(({ file }) => file === `/files/${name}`)?.content;
    assert.equal(of("SHOP_DB"), of("DATABASE_URL")?.replace("postgresql:", "postgresql+asyncpg:"));
    assert.equal(of("BROKER"), of("REDIS_URL"));
    assert.match(of("BROKER") ?? "", /^redis:\/\/shop:./);
    const { envs } = child(resources, "Container", "shop-worker-0").inputs;
    assert.ok((envs as string[]).includes("SHOP_DB_FILE=/run/secrets/SHOP_DB"));
  });
});

describe("an unprepared image", () => {
  const unprepared: AppDefinition = {
    context: "https://example.com/shop.git#0123456789abcdef0123456789abcdef01234567",
    web: { port: 80, command: ["/usr/sbin/shopd", "-f"], health: { path: "/" } },
    secrets: { PASSWORD: "of the shop" },
    unprepared: { root: true, capabilities: ["NET_BIND_SERVICE"], writableRoot: true, plainSecrets: true },
  };

  test("is loosened field by field, and its secrets become variables of its processes alone", async () => {
    const { resources } = await record(make(unprepared));
    const { inputs } = child(resources, "Container", "shop-web-0");
    assert.deepEqual([inputs["user"], inputs["readOnly"], inputs["capabilities"]], ["0:0", false, { drops: ["ALL"], adds: ["CAP_NET_BIND_SERVICE"] }]);
    assert.deepEqual(inputs["securityOpts"], ["no-new-privileges:true"]);
    assert.deepEqual(inputs["envs"], []);
    const [shell, , script, , ...command] = inputs["entrypoints"] as string[];
    assert.deepEqual([shell, ...command], ["/opt/berth/sh", "/usr/sbin/shopd", "-f"]);
    assert.match(script ?? "", /\/run\/secrets/);
    assert.deepEqual(inputs["mounts"], [secretsMount, toolsMount]);
    assert.deepEqual(inputs["healthcheck"], health(["CMD", ...requestTo({ port: 80, path: "/", host: "shop.example.com", secure: false })], "1m0s"));
    assert.deepEqual(requestTo({ port: 80, path: "/", host: "shop.example.com", secure: true }).slice(-3), ["Host: shop.example.com", "X-Forwarded-Proto: https", "http://127.0.0.1:80/"]);
  });

  test("has another group, a Dockerfile elsewhere and a check that takes longer where it says so", async () => {
    const web = { port: 80, health: { path: "/", command: ["check"], wait: 120, timeout: 20 } };
    const { resources } = await record(make({ context: "/apps/shop", dockerfile: "docker/Dockerfile", web, user: 1001, group: 0 }));
    const { inputs } = child(resources, "Container", "shop-web-0");
    assert.deepEqual([inputs["user"], inputs["healthcheck"]], ["1001:0", { ...health(["CMD", "check"], "2m0s"), timeout: "20s" }]);
    assert.deepEqual(child(resources, "Image", "shop-image").inputs["dockerfile"], { location: "/apps/shop/docker/Dockerfile" });
  });

  test("is told by a line for each field, in the order of the definition", async () => {
    const { loosened } = await import("../../../components/app/unprepared.ts");
    assert.deepEqual(loosened(unprepared.unprepared ?? {}).map((line) => line.split(":")[0]), ["unprepared.root", "unprepared.capabilities", "unprepared.writableRoot", "unprepared.plainSecrets"]);
    assert.deepEqual(loosened({}), []);
    assert.deepEqual(loosened({ root: false, capabilities: [] }), []);
  });
});

describe("an application that runs from its source", () => {
  const live: AppDefinition = {
    ...least,
    context: import.meta.dirname,
    jobs: { migrate: ["shop", "migrate"] },
    live: { target: "dev", command: ["watch", "shop"], source: "/app", port: 8000, jobs: { migrate: ["run", "migrate"] }, caches: { target: "/app/target" } },
  };

  test("is the stage `dev` with the folder mounted, as the folder's owner, and asked for its health by Berth's own program", async () => {
    const { resources, result } = await record(make(live, { live: true }));
    const { uid: owner } = statSync(import.meta.dirname);
    assert.equal(child(resources, "Image", "shop-image").inputs["target"], "dev");
    const { inputs } = child(resources, "Container", "shop-web-0");
    assert.deepEqual([inputs["user"], inputs["entrypoints"], inputs["workingDir"], inputs["readOnly"]], [`${owner}:${owner}`, ["watch", "shop"], "/app", false]);
    const mounts = inputs["mounts"] as { type: string; source: string; target: string }[];
    assert.deepEqual(mounts.filter(({ type, target }) => type === "bind" || target === "/app/target"), [
      { type: "bind", source: import.meta.dirname, target: "/app" },
      { type: "volume", source: "berth-test-shop-cache-target", target: "/app/target", readOnly: false },
    ]);
    assert.ok(mounts.some(({ source }) => source === "berth-test-tools"));
    assert.deepEqual(child(resources, "Container", "shop-migrate").inputs["entrypoints"], ["run", "migrate"]);
    assert.equal(result.routes[0]?.port, 8000);
    assert.equal(child(resources, "Volume", "shop-cache-target-volume").protect, false);
  });

  test("is the image's own where the stack does not say so", async () => {
    const { resources } = await record(make(live));
    assert.equal(child(resources, "Image", "shop-image").inputs["target"], undefined);
    assert.deepEqual(child(resources, "Container", "shop-web-0").inputs["mounts"], [secretsMount]);
  });
});

test("tools are wanted for schedules, plain secrets and a health check that the image has not", () => {
  assert.equal(wantsTools(least), false);
  assert.equal(wantsTools(worker), false);
  assert.equal(wantsTools({ ...worker, schedules: {} }), false);
  assert.equal(wantsTools({ ...worker, schedules: { a: { cron: "* * * * *", command: ["a"] } } }), true);
  assert.equal(wantsTools({ ...worker, unprepared: { plainSecrets: true } }), true);
  assert.equal(wantsTools({ context: "/", web: { port: 1, health: { path: "/" } } }), true);
});
