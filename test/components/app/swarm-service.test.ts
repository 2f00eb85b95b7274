import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { plainly } from "../../../components/docker/naming.ts";
import type { AppDefinition } from "../../../components/index.ts";
import { Files } from "../../../components/docker/files.ts";
import { Networks } from "../../../components/docker/networks.ts";
import { duration } from "../../../components/app/swarm-service.ts";
import { renderRoute, type Route } from "../../../components/traefik/route-config.ts";
import { Workload } from "../../../components/app/workload.ts";
import type { WorkloadArgs } from "../../../components/app/workload-args.ts";
import { resourceType } from "../../../engine/providers.ts";
import { application, least } from "../application-program.ts";
import { child, customs, hardening, labels, onceSettings, onHost, platform as onDocker } from "../platform.ts";
import { record } from "../recorder.ts";

const platform = { ...onDocker, runtime: "swarm" as const };
const args: WorkloadArgs = {
  platform,
  app: "shop",
  image: "shop@sha256:2",
  user: "10001:10001",
  health: ["shop", "health"],
  memory: 256,
  networks: [
    { name: "edge", id: "edge-id" },
    { name: "own", id: "own-id", aliases: ["shop-metrics"] },
  ],
};
const more = { "shop-web": { name: "shop-web-0a1b2c3" } };
const value = (output: pulumi.Output<unknown>) => new Promise((resolve) => void output.apply(resolve));

/** The settings of a service's tasks by default, without the name of its version. */
const containerSpec = {
  image: "shop@sha256:2",
  user: "10001:10001",
  labels: labels("web", "shop"),
  readOnly: true,
  capDrops: ["ALL"],
  mounts: [{ type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 67_108_864 } }],
  healthcheck: { tests: ["CMD", "shop", "health"], interval: "5s", timeout: "5s", startPeriod: "1m", retries: 12 },
  stopGracePeriod: "30s",
  secrets: [],
};
const taskSpec = {
  resources: { limits: { nanoCpus: 500_000_000, memoryBytes: 268_435_456 }, reservation: { nanoCpus: 250_000_000, memoryBytes: 134_217_728 } },
  restartPolicy: { condition: "any", delay: "5s", maxAttempts: 0, window: "2m" },
  networksAdvanceds: [{ id: "edge-id" }, { id: "own-id", aliases: ["shop-metrics"] }],
  logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" } },
};

describe("a workload in a swarm", () => {
  test("is a service, replaced one by one with rollback, and a job that waits for every replica of the version", async () => {
    const { resources, result } = await record(() => new Workload("shop-web", { ...args, replicas: 3 }, onHost()), { more });
    assert.deepEqual(customs(resources), ["Container shop-web-rollout", "Service shop-web"]);
    const service = child(resources, "Service", "shop-web");
    const { hostname, ...container } = (service.inputs["taskSpec"] as { containerSpec: { hostname: string } }).containerSpec;
    assert.match(hostname, /^shop-[0-9a-f]{12}$/);
    assert.deepEqual(container, containerSpec);
    assert.deepEqual(service.inputs, {
      labels: labels("web", "shop"),
      taskSpec: { ...taskSpec, containerSpec: { ...containerSpec, hostname } },
      mode: { replicated: { replicas: 3 } },
      updateConfig: { parallelism: 1, monitor: "5s", order: "start-first", delay: "10s", failureAction: "rollback" },
      rollbackConfig: { parallelism: 1, monitor: "5s", order: "start-first", failureAction: "pause" },
      endpointSpec: { mode: "dnsrr" },
      convergeConfig: { delay: "1s", timeout: "8m" },
    });
    assert.deepEqual([service.parent, service.provider, service.deleteBeforeReplace, service.replaceOnChanges], ["shop-web", "host", false, ["#initerror"]]);
    const { entrypoints, ...rollout } = child(resources, "Container", "shop-web-rollout").inputs;
    assert.deepEqual((entrypoints as string[]).slice(0, 2), ["/bin/bash", "-ec"]);
    assert.deepEqual(rollout, {
      image: "toolbox@sha256:1",
      command: ["shop-web-0a1b2c3", hostname, "3", "15", "480"],
      user: "65534:65534",
      networksAdvanced: [{ name: "edge" }],
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128 }),
    });
    assert.ok(child(resources, "Container", "shop-web-rollout").dependsOn.includes("shop-web"));
    assert.deepEqual([await value(result.servers), result.balanced], [["tasks.shop-web-0a1b2c3"], true]);
  });

  test("passes every argument on", async () => {
    const { resources } = await record(
      () => {
        const host = onHost();
        const files = new Files("shop-secrets", { platform, files: { KEY: pulumi.secret("hidden") } }, host);
        return new Workload(
          "shop-web",
          {
            ...args,
            role: "worker",
            entrypoint: ["/shop"],
            command: ["serve"],
            env: { B: "2", A: "1" },
            workingDir: "/srv",
            cpus: 2,
            healthWait: 90,
            stopGrace: 5,
            maxRestarts: 5,
            files: [{ files, target: "/run/secrets" }],
            loosening: { capabilities: ["NET_BIND_SERVICE"], writableRoot: true, tmpfs: { "/var/run": 8 } },
          },
          host,
        );
      },
      { more },
    );
    const spec = child(resources, "Service", "shop-web").inputs["taskSpec"] as { containerSpec: { hostname: string } };
    const suffix = Buffer.from("shop-secrets-version").toString("hex").slice(0, 8);
    assert.deepEqual(spec, {
      ...taskSpec,
      containerSpec: {
        ...containerSpec,
        hostname: spec.containerSpec.hostname,
        labels: labels("worker", "shop"),
        commands: ["/shop"],
        args: ["serve"],
        env: { A: "1", B: "2" },
        dir: "/srv",
        readOnly: false,
        capAdds: ["CAP_NET_BIND_SERVICE"],
        mounts: [{ type: "tmpfs", target: "/var/run", tmpfsOptions: { sizeBytes: 8_388_608 } }],
        healthcheck: { ...containerSpec.healthcheck, startPeriod: "1m30s" },
        stopGracePeriod: "5s",
        secrets: [{ secretId: "shop-secrets-KEY-id", secretName: `berth-test-${suffix}-KEY`, fileName: "/run/secrets/KEY", fileMode: 0o444 }],
      },
      resources: { limits: { nanoCpus: 2e9, memoryBytes: 268_435_456 }, reservation: { nanoCpus: 1e9, memoryBytes: 134_217_728 } },
      restartPolicy: { condition: "on-failure", delay: "5s", maxAttempts: 5, window: "2m" },
    });
    const secret = child(resources, "Secret", "shop-secrets-KEY");
    assert.deepEqual(secret.inputs, { name: `berth-test-${suffix}-KEY`, data: Buffer.from("hidden").toString("base64"), labels: labels("files") });
    assert.deepEqual([secret.secretInputs, secret.deleteBeforeReplace, secret.parent], [["data"], false, "shop-secrets"]);
  });

  test("has another name for another version, and the same for the same", async () => {
    const hostname = async (changed: Partial<WorkloadArgs>) => {
      const { resources } = await record(() => new Workload("shop-web", { ...args, ...changed }, onHost()), { more });
      return (child(resources, "Service", "shop-web").inputs["taskSpec"] as { containerSpec: { hostname: string } }).containerSpec.hostname;
    };
    const first = await hostname({});
    assert.equal(await hostname({}), first);
    assert.equal(await hostname({ replicas: 2 }), first);
    assert.notEqual(await hostname({ env: { A: "1" } }), first);
    assert.notEqual(await hostname({ memory: 512 }), first);
  });

  test("that mounts a volume of the Docker host stays containers there", async () => {
    const mounts = [{ type: "volume", source: "v", target: "/v" }];
    const { resources, result } = await record(() => new Workload("shop-web", { ...args, mounts }, onHost()));
    assert.deepEqual(customs(resources), ["Container shop-web-0"]);
    assert.deepEqual([await value(result.servers), result.balanced], [["shop-web-0-0a1b2c3"], false]);
  });
});

test("the networks of applications and of the edge span a swarm, and containers may join them; the others stay on the host", async () => {
  const { resources } = await record(() => new Networks("networks", { platform, named: plainly, apps: ["shop"], egress: true }, onHost()));
  for (const [role, internal] of Object.entries({ edge: true, egress: false, "app-shop": true })) {
    const { driver, attachable, internal: closed } = child(resources, "Network", `networks-${role}`).inputs;
    assert.deepEqual({ driver, attachable, closed }, { driver: "overlay", attachable: true, closed: internal }, role);
  }
  for (const role of ["public", "monitoring"]) assert.equal(child(resources, "Network", `networks-${role}`).inputs["driver"], "bridge");
});

test("an application in a swarm is services with the registry's login; its jobs, schedules and database stay containers", async () => {
  const definition: AppDefinition = {
    ...least,
    worker: { health: ["shop", "working"] },
    jobs: { migrate: ["shop", "migrate"] },
    secrets: { KEY: "key" },
    egress: true,
  };
  const { resources, result } = await record(application(definition, { platform }), { more });
  const of = (type: string) => customs(resources).filter((entry) => entry.startsWith(`${type} shop`));
  assert.deepEqual(of("Service"), ["Service shop-web", "Service shop-worker"]);
  assert.deepEqual(of("Secret"), ["Secret shop-secrets-KEY"]);
  assert.ok(of("Container").includes("Container shop-migrate"));
  const { provider, inputs } = child(resources, "Service", "shop-web");
  assert.equal(provider, "pull");
  assert.deepEqual((inputs["taskSpec"] as { networksAdvanceds: unknown }).networksAdvanceds, [{ id: "edge-id" }, { id: "own-id", aliases: ["shop-web"] }, { id: "egress-id" }]);
  const worker = child(resources, "Service", "shop-worker").inputs["taskSpec"] as { networksAdvanceds: unknown; containerSpec: { healthcheck: { tests: string[] }; mounts: { type: string }[] } };
  assert.deepEqual(worker.networksAdvanceds, [{ id: "own-id", aliases: ["shop-worker"] }, { id: "egress-id" }]);
  assert.deepEqual(worker.containerSpec.healthcheck.tests, ["CMD", "shop", "working"], "other nodes have no tools");
  const [route] = (await value(pulumi.output(result.routes))) as Route[];
  assert.deepEqual([route?.name, route?.host, route?.servers, route?.port, route?.healthPath], ["shop", "shop.example.com", ["tasks.shop-web-0a1b2c3"], 3000, undefined]);
});

test("a route to a name that Swarm balances has no check of Traefik's own", () => {
  const { text } = renderRoute({ name: "shop", host: "shop.example.com", servers: ["tasks.shop-web"], port: 3000 });
  assert.match(text, /http:\/\/tasks\.shop-web:3000/);
  assert.doesNotMatch(text, /healthCheck/);
});

test("without the Pulumi CLI there are no services, and the error says so", () => {
  assert.throws(() => resourceType("docker:index/service:Service", "urn"), /docker:index\/service:Service is not supported by the embedded engine.*Use the Pulumi CLI/);
});

test("a duration is in the form that the provider reads back of a service", () => {
  assert.deepEqual([1, 59, 60, 61, 90, 120, 3600, 3660].map(duration), ["1s", "59s", "1m", "1m1s", "1m30s", "2m", "1h", "1h1m"]);
});
