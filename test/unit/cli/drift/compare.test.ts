import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import type { Deployer, RefreshOptions, ResourceEvent } from "../../../../cli/deploy/deployer.ts";
import type { Deployment, StateResource } from "../../../../cli/deploy/stack-state.ts";
import { compare, driftOf, type DriftReport } from "../../../../cli/drift/compare.ts";
import type { Drift } from "../../../../cli/drift/finding.ts";
import { type Look, lookAt } from "../../../../cli/drift/found.ts";
import { repairable } from "../../../../cli/drift/repair.ts";
import { exitCodes, OpsError } from "../../../../cli/exit.ts";
import { rereadDrifts } from "../../../../cli/drift/reread.ts";
import { driftMarkdown } from "../../../../cli/drift/markdown.ts";
import { driftText, notUpText } from "../../../../cli/drift/text.ts";

const types = { network: "docker:index/network:Network", volume: "docker:index/volume:Volume", container: "docker:index/container:Container", image: "docker:index/remoteImage:RemoteImage" };
const urnOf = (type: string, name: string) => `urn:pulumi:prod::berth::${type}::${name}`;
const labels = (role: string) => [{ label: "berth.role", value: role }, { label: "berth.stack", value: "prod" }];
const plainLabels = (role: string) => ({ "berth.role": role, "berth.stack": "prod" });

function resource(type: string, name: string, more: Partial<StateResource>): StateResource {
  return { urn: urnOf(type, name), type, custom: true, ...more };
}

const state: Deployment = {
  resources: [
    resource(types.network, "networks-edge", { id: "n1", outputs: { name: "berth-prod-edge", labels: labels("network") } }),
    resource(types.volume, "postgres-data-volume", { id: "berth-prod-postgres-data", protect: true, outputs: { labels: labels("data") } }),
    resource(types.image, "postgres-image", { id: "sha256:aapostgres:17", inputs: { name: "postgres:17" }, outputs: { imageId: "sha256:aa" } }),
    { urn: "urn:pulumi:prod::berth::berth:index:Networks::networks", type: "berth:index:Networks", custom: false },
    resource(types.container, "traefik-job", { id: "c1", inputs: { name: "traefik-job-1", attach: true, mustRun: false }, outputs: { exitCode: 0 } }),
  ],
};

/** The host as it is to be. */
function look(change: Partial<Record<keyof Look, unknown>> = {}): Look {
  const own = { State: { Status: "exited" }, Name: "/traefik-job-1", Id: "c1", Config: { Labels: plainLabels("job") } };
  return {
    containers: [own],
    networks: [{ Id: "n1", Name: "berth-prod-edge", Labels: plainLabels("network"), Containers: { c1: { Name: "traefik-job-1" } } }],
    volumes: [{ Name: "berth-prod-postgres-data", Labels: plainLabels("data") }],
    images: new Map([["postgres:17", "sha256:aa"]]),
    files: new Map(),
    ...change,
  } as unknown as Look;
}

const stray = (role: string, extra: object = {}) => [look().containers[0], { Id: "c2", Name: "/mine", State: { Status: "running" }, Config: { Labels: plainLabels(role) }, ...extra }];

describe("drift of a host", () => {
  const list: [is: string, change: Partial<Record<keyof Look, unknown>>, expect: Partial<Drift> | undefined][] = [
    ["as it is to be", {}, undefined],
    ["a network removed", { networks: [] }, { kind: "network", what: "missing", harmful: true, remedy: "forget", resource: "networks-edge" }],
    [
      "a network removed, and made by hand",
      { networks: [{ Id: "n9", Name: "berth-prod-edge", Labels: {}, Containers: {} }] },
      { what: "missing", is: "another network of the name berth-prod-edge", harmful: true, repair: "docker network rm berth-prod-edge && ./berth up -s prod" },
    ],
    [
      "a container of somebody else on a network",
      { networks: [{ ...look().networks[0], Containers: { c1: { Name: "traefik-job-1" }, c7: { Name: "spy" } } }] },
      { what: "guest", is: "spy is on it", harmful: true, repair: "docker network disconnect -f berth-prod-edge spy", remedy: "none" },
    ],
    ["a volume made by hand elsewhere, with the labels", { volumes: [{ ...look().volumes[0], Driver: "local", Options: { type: "nfs", o: "addr=10.0.0.9" } }] }, { kind: "volume", what: "driver", harmful: true, is: "with another driver or other options", repair: "docker volume inspect berth-prod-postgres-data" }],
    ["a data volume removed", { volumes: [] }, { kind: "volume", what: "missing", harmful: true, reason: "its data is gone, and up refuses to begin with an empty one unless it is told to; ./berth restore brings back Postgres", repair: "./berth up -s prod --data-lost" }],
    ["a volume made again without its labels", { volumes: [{ Name: "berth-prod-postgres-data", Labels: null }] }, { what: "labels", is: "without the label berth.role, berth.stack", harmful: true }],
    ["a volume with a label more", { volumes: [{ Name: "berth-prod-postgres-data", Labels: { ...plainLabels("data"), mine: "1" } }] }, { what: "labels", is: "with the label mine", harmful: false, repair: "" }],
    ["an image's tag moved", { images: new Map([["postgres:17", "sha256:bb"]]) }, { kind: "image", what: "image", is: "postgres:17 is bb", state: "aa", harmful: false }],
    ["an image removed", { images: new Map([["postgres:17", undefined]]) }, { kind: "image", what: "missing", harmful: false, repair: "" }],
    ["images not looked at", { images: new Map() }, undefined],
    ["a container of the label, unknown", { containers: stray("web") }, { kind: "container", resource: "mine", what: "stray", harmful: true, repair: "docker rm -f mine", remedy: "none" }],
    ["a container of a service that the state knows", { containers: [look().containers[0], { Id: "c3", Name: "/s.1", State: { Status: "running" }, Config: { Labels: { ...plainLabels("web"), "com.docker.swarm.service.id": "c1" } } }] }, undefined],
    [
      "a container of a service that the state does not know",
      { containers: stray("web", { Config: { Labels: { ...plainLabels("web"), "com.docker.swarm.service.id": "s9", "com.docker.swarm.service.name": "web-0a1b2c3" } } }) },
      { what: "stray", harmful: true, repair: "docker service rm web-0a1b2c3" },
    ],
    ["the endpoint of an overlay network", { networks: [{ ...look().networks[0], Containers: { "lb-edge": { Name: "edge-endpoint" } } }] }, undefined],
    ["a container of ./berth run", { containers: stray("run") }, { what: "stray", harmful: false, repair: "" }],
    ["a container of ./berth restore", { containers: stray("restore") }, { what: "stray", harmful: false }],
    ["a network of the label, unknown", { networks: [...look().networks, { Id: "n2", Name: "left", Labels: plainLabels("network") }] }, { kind: "network", resource: "left", what: "stray", harmful: false, repair: "docker network rm left" }],
    ["a volume of the label, unknown", { volumes: [...look().volumes, { Name: "left", Labels: plainLabels("data") }] }, { kind: "volume", resource: "left", what: "stray", harmful: false, reason: "the data of a part that has left, which finds it again when it comes back; look what is in it before you remove it", repair: "docker volume rm left" }],
    ["things of other stacks", { volumes: [...look().volumes, { Name: "x", Labels: { "berth.stack": "dev" } }], networks: [...look().networks, { Id: "n3", Name: "x", Labels: { "berth.stack": "dev" } }] }, undefined],
    ["a job's container removed", { containers: [], networks: [{ ...look().networks[0], Containers: {} }] }, { resource: "traefik-job", what: "missing", harmful: false }],
  ];
  for (const [is, change, expect] of list) {
    test(is, () => {
      const drifts = compare("prod", state, look(change));
      assert.equal(drifts.length, expect === undefined ? 0 : 1, JSON.stringify(drifts));
      assert.deepEqual({ ...drifts[0], ...expect }, { ...drifts[0] });
    });
  }

  test("an update that was stopped: what it had begun, and what it had not deleted", () => {
    const [first] = state.resources ?? [];
    assert.ok(first);
    const old = { ...first, id: "f".repeat(64), type: types.container, delete: true };
    const drifts = compare("prod", { resources: [...(state.resources ?? []), old], pending_operations: [{ type: "creating", resource: first }] }, look());
    assert.deepEqual(drifts.map(({ kind, what, is, harmful }) => ({ kind, what, is, harmful })), [
      { kind: "stack", what: "unfinished", is: "creating networks-edge, networks-edge fffffff not deleted yet", harmful: true },
    ]);
  });
});

describe("what the engine reads back", () => {
  const refresh = (urn: string) => `refresh ${urn}`;
  const event = (op: string, diff: string[] | undefined, type = types.container): ResourceEvent => ({
    phase: "done",
    op,
    urn: "urn::a",
    type,
    name: "a",
    ...(diff !== undefined && { detail: { diff, replaces: [], before: { password: "canary" }, after: { password: "canary-2" } } }),
  });
  const list: [is: string, event: ResourceEvent, expect: [harmful: boolean, is: string] | undefined][] = [
    ["the same", event("same", []), undefined],
    ["gone", event("delete", [], "docker-build:index:Image"), [true, "gone"]],
    ["another property", event("update", ["shmSize"]), [true, "other shmSize"]],
    ["another property, on the embedded engine", event("refresh", ["shmSize"]), [true, "other shmSize"]],
    ["another value, not told", event("update", ["password"]), [true, "other password"]],
    ["addresses", event("update", ["networkDatas[0].ipAddress"]), [false, "other networkDatas[0].ipAddress"]],
    ["newer sources", event("update", ["contextHash"], "docker-build:index:Image"), [false, "other contextHash"]],
    ["nothing told", event("update", []), undefined],
    ["differs, without saying how", event("update", undefined), [true, "other properties"]],
    ["an image, which Docker was asked for", event("delete", [], types.image), undefined],
    ["a provider", event("delete", [], "pulumi:providers:docker"), undefined],
    ["one that has begun", { ...event("delete", []), phase: "start" }, undefined],
  ];
  for (const [is, given, expect] of list) {
    test(is, () => {
      const drifts = rereadDrifts([given], new Set(), refresh);
      assert.deepEqual(drifts.map((drift) => [drift.harmful, drift.is]), expect === undefined ? [] : [expect]);
      assert.doesNotMatch(JSON.stringify(drifts), /canary/);
    });
  }

  test("is left out where Docker's own answer is there already", () => {
    assert.deepEqual(rereadDrifts([event("delete", [])], new Set(["urn::a"]), refresh), []);
  });
});

describe("the whole", () => {
  const docker = {
    listContainers: () => Promise.resolve([{ Id: "c1", Created: 1, Labels: {}, Names: ["/root-web-0"] }]),
    listNetworks: () => Promise.resolve([]),
    listVolumes: () => Promise.resolve({ Volumes: look().volumes }),
    listTasks: () => Promise.resolve([]),
    getContainer: () => ({ inspect: () => Promise.resolve(look().containers[0]) }),
    getImage: () => ({ inspect: () => Promise.reject(Object.assign(new Error("no such image"), { statusCode: 404 })) }),
  } as unknown as Dockerode;
  const deployer = (states: Deployment[], asked: RefreshOptions[] = []) =>
    ({
      engine: "pulumi",
      state: () => Promise.resolve(states.length > 1 ? states.shift() : states[0]),
      refresh: (options: RefreshOptions) => {
        asked.push(options);
        options.onEvent?.({ phase: "done", op: "delete", urn: "urn::b", type: "docker-build:index:Image", name: "b" });
        return Promise.resolve({ changes: {}, outputs: {} });
      },
    }) as unknown as Deployer;

  test("is both looks, harmful first; the engine is asked, without effect, for what the other does not see alone", async () => {
    const asked: RefreshOptions[] = [];
    const unseen = [resource("docker-build:index:Image", "b", { id: "sha256:bb" }), resource("docker:index/service:Service", "s", { id: "s1" })];
    const more = { resources: [...(state.resources ?? []), ...unseen, resource("random:index/randomPassword:RandomPassword", "p", { id: "none" })] };
    await driftOf({ deployer: deployer([more], asked), docker, stack: "prod" });
    assert.deepEqual(asked.map(({ readOnly, only }) => [readOnly, only]), [[true, unseen.map(({ urn }) => urn)]]);
    await driftOf({ deployer: deployer([state], asked), docker, stack: "prod" });
    assert.equal(asked.length, 1, "it was asked for everything");
    const built = { resources: [...(state.resources ?? []), ...unseen.slice(0, 1)] };
    const report = await driftOf({ deployer: deployer([built]), docker, stack: "prod" });
    assert.deepEqual(report.drifts.map(({ harmful, resource: name, what }) => [harmful, name, what]), [
      [true, "networks-edge", "missing"],
      [true, "b", "reread"],
      [false, "postgres-image", "missing"],
    ]);
    assert.deepEqual([report.harmful, report.compared, report.readOnlyRoots], [2, 5, 0]);
  });

  test("of a stack that changed meanwhile is no report", async () => {
    await assert.rejects(driftOf({ deployer: deployer([state, { resources: [] }]), docker, stack: "prod" }), /"prod" was changed while it was looked at/);
  });

  const place = "Pulumi CLI v3, state in s3://state (PULUMI_BACKEND_URL)";
  const withoutState = { ...deployer([{}]), description: place } as Deployer;
  const isUp = async (state: Deployment) => (await driftOf({ deployer: deployer([state]), docker, stack: "prod" })).up;

  test("of a state without anything, where the host has containers of the stack, is an error that names the state", async () => {
    const looked = driftOf({ deployer: withoutState, docker, stack: "prod" });
    await assert.rejects(looked, (error) => {
      assert.ok(error instanceof OpsError && error.code === exitCodes.failed);
      assert.match(error.message, /^stack "prod" is on its Docker host \(1 containers\), but the state that was looked in has nothing of it: Pulumi CLI v3, state in s3:\/\/state \(PULUMI_BACKEND_URL\)\.\nName .* PULUMI_BACKEND_URL; in a workflow, a secret that is not set/);
      return true;
    });
  });

  test("of a stack that is not up says so, and neither refreshes nor finds anything", async () => {
    const empty = { listContainers: () => Promise.resolve([]) } as unknown as Dockerode;
    const report = await driftOf({ deployer: withoutState, docker: empty, stack: "prod" });
    assert.deepEqual([report.up, report.compared, report.drifts], [false, 0, []]);
    assert.match(notUpText("prod", place), /^stack "prod" is not up here, .* not known: the state that was looked in runs nothing of it: Pulumi CLI v3, state in s3:/);
  });

  test("is of a stack that is up where the state has containers or services; the volumes that down leaves are none", async () => {
    const [network, volume, , , container] = state.resources ?? [];
    assert.ok(network && volume && container);
    assert.equal(await isUp({ resources: [network, volume] }), false);
    assert.equal(await isUp({ resources: [container] }), true);
    assert.equal(await isUp({ resources: [resource("docker:index/service:Service", "web", { id: "s1" })] }), true);
  });
});

describe("an application's image that the host has no more", () => {
  const name = "127.0.0.1:5555/shop:build@sha256:aa";
  const [built, pulled] = ["docker-build:index:Image", types.image].map((type) => `urn:pulumi:prod::berth::berth:index:Application$berth:index:Image$${type}::shop-image`);
  const image = (registry?: string): Deployment => ({
    resources: [
      { urn: built ?? "", type: "docker-build:index:Image", custom: true, id: "sha256:aa", inputs: { tags: ["127.0.0.1:5555/shop:build"] }, outputs: { digest: "sha256:aa" } },
      { urn: pulled ?? "", type: types.image, custom: true, id: `sha256:ff${name}`, inputs: { name }, outputs: { name, imageId: "sha256:ff" } },
      resource(types.image, "postgres-image", { id: "sha256:bb", inputs: { name: "postgres:17" }, outputs: { imageId: "sha256:bb" } }),
      resource(types.container, "shop-web-0", { id: "c1", inputs: { name: "shop-web-0", image: name } }),
      ...(registry === undefined ? [] : [{ urn: urnOf(registry, "registry"), type: registry }]),
    ],
  });
  const host = (containers: { Image: string }[], asked: string[] = []) =>
    ({
      listContainers: () => Promise.resolve(containers.map((_, index) => ({ Id: `c${index + 1}`, Created: 1, Labels: {}, Names: ["/shop-web-0"] }))),
      listNetworks: () => Promise.resolve([]),
      listVolumes: () => Promise.resolve({ Volumes: [] }),
      listTasks: () => Promise.resolve([]),
      getContainer: (Id: string) => ({ inspect: () => Promise.resolve({ Id, Name: "/shop-web-0", State: { Running: true, Status: "running" }, Config: { ...containers[0], Labels: plainLabels("web") }, HostConfig: {}, NetworkSettings: { Networks: {} }, Mounts: [] }) }),
      getImage: (asks: string) => ({ inspect: () => (asked.push(asks), Promise.reject(Object.assign(new Error("no such image"), { statusCode: 404 }))) }),
    }) as unknown as Dockerode;
  const remedies = async (state: Deployment, containers: { Image: string }[] = []) => (await repairable(host(containers), "prod", state)).filter(({ kind }) => kind === "image").map(({ urn, remedy }) => [urn, remedy]);

  test("is pulled again, with the login that only its own record has", async () => {
    assert.deepEqual(await remedies(image()), [[pulled, "forget"]]);
  });

  test("is built again where the registry is the stack's own, and was on that host", async () => {
    assert.deepEqual(await remedies(image("berth:index:Registry")), [[built, "replace"], [pulled, "forget"]]);
  });

  test("is not looked for where a container has it, and no platform image ever is", async () => {
    const asked: string[] = [];
    assert.deepEqual(await remedies(image("berth:index:Registry"), [{ Image: name }]), []);
    const resources = image().resources ?? [];
    await lookAt(host([{ Image: name }], asked), "prod", resources, false);
    assert.deepEqual(asked, []);
    await lookAt(host([], asked), "prod", resources, false);
    assert.deepEqual(asked, [name]);
  });
});

const plain = (_colour: string, text: string) => text;

test("the text has each difference with reason and command, and one command where it repairs all", () => {
  const up = "./berth up -s prod";
  const drifts: Drift[] = [
    { kind: "container", resource: "root-web-0", what: "stopped", is: "stopped, code 137", state: "running", harmful: true, reason: "what it did, nobody does", repair: up, remedy: "set-back" },
    { kind: "volume", resource: "left", what: "stray", is: "there", state: "not known", harmful: false, reason: "it takes space", repair: "docker volume rm left", remedy: "none" },
  ];
  const report: DriftReport = { stack: "prod", engine: "pulumi", up: true, compared: 12, drifts, harmful: 1, readOnlyRoots: 3 };
  assert.equal(
    driftText(report, plain),
    [
      "harmful  container root-web-0: stopped, code 137 (the state says: running)",
      "         what it did, nobody does",
      "         repair: ./berth up -s prod",
      "harmless volume left: there (the state says: not known)",
      "         it takes space",
      "         to be rid of it: docker volume rm left",
      "",
      '1 harmful, 1 harmless; 12 resources of stack "prod" compared',
      "Repair all: ./berth up -s prod",
      "Not seen: what is in volumes, in /tmp and in processes; files of the 3 containers with a read-only root cannot have changed.",
    ].join("\n"),
  );
  assert.match(driftText({ ...report, drifts: [], harmful: 0 }, plain), /^no drift; 12 resources/);
  assert.equal(
    driftMarkdown({ ...report, drifts: drifts.map((drift) => ({ ...drift, resource: `${drift.resource}|\n<b>@all\`` })) }),
    [
      "## Drift of `prod`",
      "",
      "**1 harmful, 1 harmless**; 12 resources compared.",
      "",
      "### Harmful",
      "",
      "| What | Why | Repair |",
      "|---|---|---|",
      "| ``container root-web-0\\| <b>@all`: stopped, code 137 (the state says: running)`` | `what it did, nobody does` | `./berth up -s prod` |",
      "",
      "### Harmless",
      "",
      "| What | Why | To be rid of it |",
      "|---|---|---|",
      "| ``volume left\\| <b>@all`: there (the state says: not known)`` | `it takes space` | `docker volume rm left` |",
    ].join("\n"),
  );
});
