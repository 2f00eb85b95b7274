import assert from "node:assert/strict";
import { test } from "node:test";
import type Dockerode from "dockerode";
import { codeOf } from "../../../../cli/exit.ts";
import { requireOwnership, requireVolumes, strangers } from "../../../../cli/deploy/ownership.ts";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";

const resource = (type: string, id: string, name = id) => ({ urn: `urn:pulumi:prod::berth::docker:index/${type}::${name}`, type: `docker:index/${type}`, custom: true, id, inputs: { name: `${name}-0a1b2c3` } });
const state = (...ids: string[]): Deployment => ({ resources: ids.map((id) => resource("container:Container", id)) });

/** A Docker host with containers of the stack: id, name and labels beside the stack's. */
function host(...found: [id: string, labels?: Record<string, string>][]): Dockerode {
  const list = found.map(([Id, Labels = {}]) => ({ Id, Names: [`/${Id}-0a1b2c3`], Labels: { "berth.role": "web", ...Labels }, Created: 1 }));
  return { listContainers: () => Promise.resolve(list) } as unknown as Dockerode;
}

const ids = async (docker: Dockerode, known: Deployment) => (await strangers(docker, "prod", known)).map(({ Id }) => Id);

test("a stack of which the state knows nothing, or other containers, is another's", async () => {
  assert.deepEqual(await ids(host(["a"], ["b"]), {}), ["a", "b"]);
  assert.deepEqual(await ids(host(["a"], ["b"]), state("x", "y")), ["a", "b"], "an older or a copied state");
  assert.deepEqual(await ids(host(["a"]), { resources: [resource("volume:Volume", "berth-prod-postgres-data")] }), ["a"], "a state that was taken down, which has the data volumes");
  const error = await requireOwnership(host(["a"], ["b"]), "prod", state("x")).catch((problem: unknown) => problem);
  assert.equal(codeOf(error), 6);
  assert.match(String(error), /stack "prod" is already on this Docker Engine \(2 containers\), but none of them is in this state/);
});

test("one container that the state knows makes all of them its own, and so does one that an update had begun", async () => {
  assert.deepEqual(await ids(host(["a"], ["half"]), state("a")), []);
  assert.deepEqual(await ids(host(["half"]), { pending_operations: [{ type: "creating", resource: resource("container:Container", "", "half") }] }), []);
  assert.deepEqual(await ids(host(["task", { "com.docker.swarm.service.id": "s1" }]), { resources: [resource("service:Service", "s1")] }), [], "a replica of its service");
  assert.deepEqual(await ids(host(["shell", { "berth.role": "run" }]), {}), [], "berth run is in no state");
  await requireOwnership(host(), "prod", state("x"));
});

test("data that a state knows nothing of is another's", () => {
  assert.throws(() => requireVolumes("prod", {}, ["berth-prod-postgres-data"]), (error: unknown) => codeOf(error) === 6 && /docker volume rm berth-prod-postgres-data/.test(String(error)));
  requireVolumes("prod", {}, []);
  requireVolumes("prod", { resources: [resource("volume:Volume", "v")] }, ["v", "kept-of-an-application-that-left"]);
});
