import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import { bringBack, keep, withRecords } from "../../../../cli/deploy/bring-back.ts";
import type { Deployment, StateResource } from "../../../../cli/deploy/stack-state.ts";
import { types } from "../../../../pulumi/resource-types.ts";

const labels = (role: string) => [{ label: "berth.app", value: "shop" }, { label: "berth.role", value: role }];
const data = { type: "volume", source: "shop-data", target: "/data", readOnly: false };
function replica(id: string, more: Partial<StateResource> & { role?: string; mounts?: object[] } = {}): StateResource {
  const { role = "web", mounts = [data], ...rest } = more;
  return { urn: "urn::shop-web-0", type: types.container, custom: true, id, inputs: { name: `shop-web-0-${id}`, labels: labels(role), mounts, waitTimeout: 1, destroyGraceSeconds: 3 }, outputs: { id, image: "i" }, ...rest };
}
const route = (name: string, exitCode = 0): StateResource => ({ urn: "urn::route-shop", type: types.container, custom: true, id: "r", inputs: { command: ["script", `http://${name}:8000`] }, outputs: { exitCode } });

/** An engine with these containers, all healthy; what was done to it. */
function engine(...there: string[]) {
  const done: string[] = [];
  const present = new Set(there);
  const gone = Object.assign(new Error("no such container"), { statusCode: 404 });
  const settings = { Config: { Hostname: "old000000000", Image: "i" }, HostConfig: { NetworkMode: "bridge" }, NetworkSettings: { Networks: { edge: { Aliases: ["shop-metrics", "old000000000"] } } } };
  const container = (id: string) => ({
    id,
    inspect: () => (present.has(id) ? Promise.resolve({ Id: id, Name: `/shop-web-0-${id}`, State: { Running: true }, ...settings }) : Promise.reject(gone)),
    stop: ({ t }: { t: number }) => Promise.resolve(void done.push(`stop ${id} ${t}`)),
    remove: () => Promise.resolve(void done.push(`remove ${id}`)),
    start: () => Promise.resolve(void done.push(`start ${id}`)),
  });
  const docker = {
    getContainer: container,
    createContainer: ({ name, Hostname }: { name: string; Hostname?: string }) => Promise.resolve((done.push(`create ${name}${Hostname === undefined ? "" : ` as ${Hostname}`}`), container("made"))),
    getNetwork: (network: string) => ({
      connect: ({ EndpointConfig }: { EndpointConfig: { Aliases: string[] } }) => Promise.resolve(void done.push(`connect ${network} ${EndpointConfig.Aliases.join()}`)),
      disconnect: () => Promise.resolve(void done.push(`disconnect ${network}`)),
    }),
    listContainers: ({ filters }: { filters: { id: string[] } }) => Promise.resolve(filters.id.map((Id) => ({ Id, State: "running", Status: "Up (healthy)" }))),
  };
  return { done, docker: docker as unknown as Dockerode };
}
const kept = async (record = replica("old000000000")) => await keep(engine("old000000000").docker, { resources: [record] });

describe("an application that was stopped before its new version", () => {
  test("is one that writes to a volume, and runs; jobs, schedules and what only reads are none", async () => {
    assert.equal((await kept()).length, 1);
    assert.equal((await kept(replica("old000000000", { role: "worker" }))).length, 1);
    for (const role of ["job", "schedule-backup", "postgres"]) assert.deepEqual(await kept(replica("old000000000", { role })), [], role);
    assert.deepEqual(await kept(replica("old000000000", { mounts: [{ ...data, readOnly: true }] })), []);
    assert.deepEqual(await keep(engine().docker, { resources: [replica("old000000000")] }), [], "it did not run before the update");
    const image: StateResource = { urn: "urn::shop-image", type: types.built, custom: true, id: "i", inputs: { labels: { "berth.app": "shop" } } };
    assert.deepEqual(await kept(image), [], "an image has labels of another form");
  });

  test("is made once more under its old name, on its networks, when the new one is no good; the state has it again", async () => {
    const { docker, done } = engine("new");
    const records = await bringBack(docker, await kept(), { resources: [replica("new", { initErrors: ["not healthy"] })] });
    assert.deepEqual(done, ["stop new 3", "remove new", "create shop-web-0-old000000000", "disconnect bridge", "connect edge shop-metrics", "start made"]);
    assert.deepEqual(records, [{ ...replica("old000000000"), id: "made", outputs: { id: "made", image: "i" } }]);
  });

  test("likewise when the new one was never made, or is healthy and its route was not written for it", async () => {
    for (const now of [[], [replica("new")], [replica("new"), route("shop-web-0-new", 1)], [replica("new"), route("shop-web-0-old000000000")]] as StateResource[][]) {
      const { docker } = engine("new");
      assert.deepEqual((await bringBack(docker, await kept(), { resources: now })).map(({ id }) => id), ["made"], JSON.stringify(now));
    }
  });

  test("stays as it is where it still runs, or where the new one serves", async () => {
    const still = engine("old000000000");
    assert.deepEqual(await bringBack(still.docker, await kept(), { resources: [replica("old000000000")] }), []);
    const serving = engine("new");
    assert.deepEqual(await bringBack(serving.docker, await kept(), { resources: [replica("new"), route("shop-web-0-new")] }), []);
    const worker = engine("new");
    assert.deepEqual(await bringBack(worker.docker, await kept(replica("old000000000", { role: "worker" })), { resources: [replica("new", { role: "worker" })] }), []);
    assert.deepEqual([still.done, serving.done, worker.done], [[], [], []]);
  });
});

test("records take the place of those of the same resource, once, and others stay as they are", () => {
  const [one, two] = [replica("1", { urn: "urn::one" }), replica("2", { urn: "urn::two" })];
  const state: Deployment & { version: number } = { version: 3, resources: [one, replica("x"), replica("y", { delete: true }), two] };
  assert.deepEqual(withRecords(state, [replica("back")]), { version: 3, resources: [one, replica("back"), replica("y", { delete: true }), two] });
  assert.deepEqual(withRecords({ resources: [one] }, [replica("back")]).resources, [one, replica("back")]);
});
