import assert from "node:assert/strict";
import { test } from "node:test";
import { OpsError } from "../../../../cli/exit.ts";
import { PolicyRefusal } from "../../../../cli/policy/check.ts";
import { environmentChanges, filesChanges } from "../../../../cli/preview/configuration.ts";
import { failureOf } from "../../../../cli/preview/failure.ts";
import { imageChanges } from "../../../../cli/preview/images.ts";
import { isNothing, previewOf } from "../../../../cli/preview/model.ts";
import { unmarked } from "../../../../cli/preview/said.ts";
import { happening, sections } from "../../../../cli/preview/words.ts";
import { container, drifts, facts, labels, replica, state, step, urnOf, volume, web } from "./steps.ts";

const reasons = (effect: { reasons: Parameters<typeof unmarked>[0][] }) => effect.reasons.map(unmarked);
const restart = (part: string, type: string, after: Record<string, unknown> = {}) =>
  step("replace", container, part, { before: { labels: labels(part) }, after: { labels: labels(part), ...after }, diff: ["mounts[0].source"], replaces: ["mounts[0].source"], deleteFirst: true, parent: urnOf(type, part) });

test("replicas that are replaced beside the old ones lose no request, whatever their number", () => {
  for (const count of [1, 2]) {
    const preview = previewOf(facts(Array.from({ length: count }, (_, index) => replica(index, { image: "r/shop@sha256:2" }))));
    assert.deepEqual([preview.requests, preview.data], [{ happens: false, reasons: [] }, { happens: false, reasons: [] }]);
    assert.deepEqual(preview.parts.map(({ name, kind }) => [name, kind]), [["shop", "application"]]);
    assert.equal(happening(preview.parts[0]!), count === 1 ? "1 web container is replaced, the new one beside the old (image)" : "2 web containers are replaced, the new ones beside the old (image)");
  }
});

test("a web server that shares its volume with nobody is stopped first, and requests fail", () => {
  const preview = previewOf(facts([replica(0, { image: "r/shop@sha256:2" }, { deleteFirst: true })]));
  assert.deepEqual(reasons(preview.requests), ["shop stops before it starts anew, as two of it can't share its data"]);
  assert.equal(happening(preview.parts[0]!), "1 web container stops, and starts anew (image)");
});

test("what a service's restart does is said of the service, of who uses it, and once of the whole", () => {
  const postgres = previewOf(facts([restart("postgres", "berth:index:Postgres")]));
  assert.deepEqual(postgres.parts.map(({ name, requests }) => [name, requests.happens]), [["shop", true], ["postgres", true]]);
  assert.deepEqual(reasons(postgres.requests), ["Postgres stops before it starts anew: connections to it are lost, and new ones wait until it is up, for 40 s at most"]);
  const redis = previewOf(facts([restart("redis", "berth:index:Redis")]));
  assert.deepEqual(redis.parts.map(({ name }) => name), ["redis"], "shop has no cache");
  const traefik = previewOf(facts([restart("traefik", "berth:index:Traefik")]));
  assert.deepEqual(traefik.parts.map(({ name }) => name), ["shop", "traefik"]);
  assert.match(reasons(traefik.requests).join(), /^Traefik stops before it starts anew: no address answers until it is up$/);
});

test("a new gateway to Postgres stands beside the old one, and open connections are lost with that", () => {
  const gateway = { image: "r/haproxy@sha256:1", labels: labels("shop-gateway") };
  const of = (deleteFirst: boolean, op: "replace" | "create") => previewOf(facts([step(op, container, "shop-gateway", { ...(op === "replace" && { before: gateway }), after: { ...gateway, image: "r/haproxy@sha256:2" }, diff: ["image"], deleteFirst, parent: urnOf("berth:index:Gateway", "shop-gateway") })]));
  assert.deepEqual(reasons(of(false, "replace").requests), ["the gateway from shop to Postgres is replaced: connections that are open are lost once"]);
  assert.equal(of(false, "create").requests.happens, false);
});

test("fewer replicas lose no request, no replica at all takes the application away", () => {
  const stop = (index: number) => step("delete", container, `shop-web-${index}`, { before: web(), parent: urnOf("berth:index:Workload", "shop-web") });
  assert.equal(previewOf(facts([stop(1)])).requests.happens, false);
  assert.deepEqual(reasons(previewOf(facts([stop(0), stop(1)])).requests), ["shop is taken away: its address answers no more"]);
});

test("a network that is made anew cuts off what is on it", () => {
  const edge = step("replace", "docker:index/network:Network", "networks-edge", { before: { name: "edge" }, after: { name: "edge" }, diff: ["ipamConfigs"], deleteFirst: true });
  assert.deepEqual(reasons(previewOf(facts([edge])).requests), ["the network edge is made anew, and what is on it is cut off meanwhile"]);
});

test("a new data volume touches no data; one that leaves or is replaced does; one with files is none", () => {
  const of = (op: "create" | "delete" | "replace", role = "data") =>
    previewOf(facts([step(op, volume, "shop-data-volume", { ...(op !== "create" && { before: { name: "berth-prod-shop-data", labels: labels(role) } }), ...(op !== "delete" && { after: { name: "berth-prod-shop-data", labels: labels(role) } }), parent: urnOf("berth:index:Application", "shop") })])).data;
  assert.deepEqual([of("create").happens, reasons(previewOf(facts([])).data)], [false, []]);
  assert.deepEqual(reasons(of("delete")), ["the volume berth-prod-shop-data leaves the stack and stays on the Docker host with its data, for when its part comes back; to delete it: docker volume rm berth-prod-shop-data"]);
  assert.deepEqual([of("replace").happens, reasons(of("replace"))], [true, ["the volume berth-prod-shop-data is replaced by an empty one"]]);
  assert.deepEqual(of("replace", "files"), { happens: false, reasons: [] });
  const again = previewOf({ ...facts([step("create", volume, "shop-data-volume", { after: { name: "berth-prod-shop-data", labels: labels("data") }, parent: urnOf("berth:index:Application", "shop") })]), volumes: new Set(["berth-prod-shop-data"]) }).data;
  assert.deepEqual([again.happens, reasons(again)], [true, ["the volume berth-prod-shop-data is on the Docker host already, and its data is used again"]], "one that stayed is neither new nor empty");
});

test("a new part is owned by the application of its parents, before any state has it", () => {
  const app = urnOf("berth:index:Application", "news");
  const steps = [
    step("create", "berth:index:Application", "news", { after: {} }),
    step("create", "berth:index:Workload", "news-web", { after: {}, parent: app }),
    step("create", container, "news-web-0", { after: web({ labels: labels("web", "news") }), parent: urnOf("berth:index:Workload", "news-web") }),
  ];
  const [part] = previewOf(facts(steps)).parts;
  assert.deepEqual([part?.name, part?.kind, part?.requests.happens, part?.environment], ["news", "application", false, []]);
  assert.equal(happening(part!), "1 web container starts");
});

test("jobs run, and are told by what they are to the application; those that fill a volume are not told", () => {
  const job = step("replace", container, "shop-migrate", { before: { labels: labels("job", "shop") }, after: { labels: labels("job", "shop"), attach: true }, diff: ["image"], parent: urnOf("berth:index:Application", "shop") });
  const filler = step("create", container, "shop-secrets-filler", { after: { labels: labels("files"), start: false }, parent: urnOf("berth:index:Application", "shop") });
  const [part] = previewOf(facts([job, filler])).parts;
  assert.deepEqual([part?.jobs, part?.containers], [["migrate"], []]);
  assert.equal(happening(part!), "the job migrate runs");
});

test("variables that differ are told once for all replicas", () => {
  const steps = [0, 1].map((index) => replica(index, { envs: ["POSTGRES_HOST=postgres", "MODE=b", "NEW=1=2"] }));
  assert.deepEqual(environmentChanges(steps), [{ key: "MODE", before: "a", after: "b" }, { key: "NEW", after: "1=2" }]);
  const hidden = replica(0, {}, { before: { envs: "[secret]" }, after: { envs: ["A=1"] } });
  assert.deepEqual(environmentChanges([hidden]), [], "an environment that is a secret as a whole is not compared");
});

test("of a secret only that it changed is known, and its name where the last release says so", () => {
  const suffix = (before: object, after: object) => step("replace", "random:index/randomId:RandomId", "shop-secrets-version", { before: { keepers: before }, after: { keepers: after }, diff: ["keepers"], parent: urnOf("berth:index:Application", "shop") });
  const both = suffix({ A: "[secret]", B: "[secret]" }, { A: "[secret]", B: "[secret]" });
  assert.deepEqual(filesChanges([both])[0], { name: "shop-secrets", added: [], removed: [], changed: [], secrets: ["A", "B"], hidden: false });
  const whole = step("replace", "random:index/randomId:RandomId", "shop-secrets-version", { before: { keepers: "[secret]" }, after: { keepers: "[secret]" }, diff: ["keepers"], parent: urnOf("berth:index:Application", "shop") });
  assert.deepEqual(filesChanges([whole])[0], { name: "shop-secrets", added: [], removed: [], changed: [], secrets: [], hidden: true });
  const last = { changes: { config: [], secrets: [{ key: "shop:B", how: "changed" as const }] }, revisions: {} };
  assert.deepEqual(previewOf(facts([both], { last })).parts[0]?.files[0]?.secrets, ["B"]);
  assert.deepEqual(previewOf(facts([whole], { last })).parts[0]?.files[0]?.secrets, ["B"]);
  assert.deepEqual(filesChanges([suffix({ A: "[secret]" }, { A: "[secret]", C: "[secret]" })])[0]?.added, ["C"]);
  assert.deepEqual(filesChanges([suffix({ "a.conf": "x" }, { "a.conf": "y" })])[0]?.changed, ["a.conf"]);
  assert.deepEqual(filesChanges([suffix({ A: "[secret]" }, { A: "[unknown]" })])[0]?.secrets, []);
});

test("an image is told by digest and revision; one that is yet to be built has no digest", () => {
  const label = (revision: string) => ({ labels: { "org.opencontainers.image.revision": revision }, tags: ["r:5000/acme/shop:latest"] });
  const digest = `sha256:${"a".repeat(64)}`;
  const pulled = (before: string | undefined, after: string) => step("replace", "docker:index/remoteImage:RemoteImage", "shop-image-pulled", { ...(before !== undefined && { before: { name: before } }), after: { name: after } });
  const build = step("update", "docker-build:index:Image", "shop-image", { before: label("1".repeat(40)), after: label(`${"2".repeat(40)}-dirty`) });
  assert.deepEqual(imageChanges([build, pulled(`r:5000/acme/shop:latest@${digest}`, "[unknown]")]), [
    { repository: "r:5000/acme/shop", from: digest, revision: { from: "1".repeat(40), to: `${"2".repeat(40)}-dirty` } },
  ]);
  assert.deepEqual(imageChanges([pulled(undefined, `r/shop@${digest}`)], { to: "3".repeat(40) }), [{ repository: "r/shop", to: digest, revision: { to: "3".repeat(40) } }]);
  assert.deepEqual(imageChanges([pulled("redis:8.0", "redis:8.2")]), [{ repository: "redis", from: "8.0", to: "8.2", revision: {} }]);
});

test("a migration touches data, and one that breaks the running version can fail requests", () => {
  const migration = { name: "0003.sql", compatible: false, undoable: false, reasons: ["line 1 drops the column x"] };
  const preview = previewOf(facts([replica(0, { image: "[unknown]" })], { migrations: { shop: { added: [migration], altered: [] } } }));
  assert.deepEqual(reasons(preview.requests), ["the migration 0003.sql may break the version of shop that runs while it is applied"]);
  assert.deepEqual(reasons(preview.data), ["the migration 0003.sql runs, and can't be undone"]);
  const unknown = previewOf(facts([replica(0, { image: "[unknown]" })], { migrations: { shop: { unknown: "no commit" } } }));
  assert.deepEqual([unknown.requests.happens, unknown.parts[0]?.migrations], [false, { unknown: "no commit" }]);
});

test("memory and processors are those of containers that stay, and of old and new side by side", () => {
  const job = step("create", container, "shop-migrate", { after: { labels: labels("job", "shop"), attach: true, memory: 9999 } });
  const { capacity } = previewOf(facts([replica(0, { memory: 256 }), restart("redis", "berth:index:Redis", { memory: 128 }), job], { host: { memory: 1000, cpus: 2 } }));
  assert.deepEqual(capacity, {
    before: { containers: 5, memory: 1088, cpus: 3.5 },
    after: { containers: 5, memory: 1280, cpus: 3 },
    during: { containers: 6, memory: 1408, cpus: 3.5 },
    host: { memory: 1000, cpus: 2 },
  });
});

test("a stack without a recorded release says so; nothing to do is nothing", () => {
  const preview = previewOf(facts([]));
  assert.equal(isNothing(preview), true);
  const [first] = sections(preview);
  assert.match(first?.items[0]?.lines.map(unmarked).join() ?? "", /^What was in it at the last update is not known: no release of this stack is recorded\.$/);
  assert.equal(state().resources?.length, 12);
});

test("a service of a swarm is updated replica by replica, and loses no request", () => {
  const service = step("update", "docker:index/service:Service", "shop-web", { before: { labels: labels("web", "shop") }, after: { labels: labels("web", "shop") }, diff: ["taskSpec.containerSpec.image", "mode"], parent: urnOf("berth:index:Application", "shop") });
  const preview = previewOf(facts([service]));
  assert.equal(preview.requests.happens, false);
  assert.equal(happening(preview.parts[0]!), "1 web service is replaced, the new one beside the old (replicas, what its replicas run)");
});

test("what was changed by hand is told by application, with what up does and whether it restarts", () => {
  const told = (steps: Parameters<typeof facts>[0]) => {
    const { byHand } = previewOf(facts(steps, { byHand: drifts() }));
    assert.ok(Array.isArray(byHand));
    return byHand.map(({ part, resource, how, restarts }) => [part, resource, how, restarts]);
  };
  assert.deepEqual(told([]), [
    ["shop", "shop-web-0", "set back", false],
    ["shop", "shop-web-0", "started", true],
    ["shop", "shop-web-1", "replaced", true],
    ["pg", "pg", "made again", false],
    ["redis", "redis", "made again", true],
  ]);
  // The update replaces the first replica anyway, and the program has no second one any more.
  const gone = step("delete", container, "shop-web-1", { before: web(), parent: urnOf("berth:index:Workload", "shop-web") });
  assert.deepEqual(told([replica(0, { memory: 256 }), gone]).slice(0, 3), [
    ["shop", "shop-web-0", "replaced", true],
    ["shop", "shop-web-0", "replaced", true],
    ["shop", "shop-web-1", "removed", false],
  ]);
  assert.deepEqual(previewOf(facts([], { byHand: [] })).byHand, []);
});

test("what was changed by hand is not known where the Docker host does not answer, or not in time", () => {
  const { byHand: _, ...nothing } = facts([]);
  assert.deepEqual(previewOf(nothing).byHand, { unknown: "the Docker host was not reached from here" });
  assert.deepEqual(previewOf({ ...nothing, host: { memory: 1, cpus: 1 } }).byHand, { unknown: "the Docker host did not answer in time" });
});

test("the policy's accepted exceptions are counted over the stack as it will be", () => {
  const chain = (name: string) => `urn:pulumi:prod::berth::berth:index:Postgres$berth:index:Volume$berth:index:Job$${container}::${name}`;
  const job = (op: "create" | "delete", name: string) => ({ ...step(op, container, name), urn: chain(name) });
  const before = state();
  before.resources?.push({ urn: chain("old"), type: container, custom: true }, { urn: chain("kept"), type: container, custom: true });
  const { exceptions } = previewOf(facts([job("create", "new"), job("delete", "old")], { state: before }));
  assert.deepEqual(exceptions.map(({ what, containers }) => [what, containers]), [["root, CHOWN", 2]]);
  assert.match(exceptions[0]?.reason ?? "", /gives a new volume/);
  assert.deepEqual(previewOf(facts([])).exceptions, []);
});

test("a failure has the findings of a refusal, or the message without secrets", () => {
  const clean = (text: string) => text.replaceAll("canary", "[secret]");
  const finding = { rule: "privileged", level: "mandatory", resource: "Container root", urn: "urn", value: "true", allowed: "false", fix: "take it out" } as const;
  assert.deepEqual(failureOf("prod", new PolicyRefusal("prod", [finding]), clean).findings, [finding]);
  assert.deepEqual(new PolicyRefusal("prod", [finding]).facts, { stack: "prod", findings: [finding] });
  assert.deepEqual(failureOf("prod", new OpsError("no canary"), clean), { stack: "prod", message: "no [secret]", findings: [] });
  assert.deepEqual(failureOf("prod", "thrown", clean).message, "thrown");
});
