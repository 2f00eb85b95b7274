import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { ResourceEvent } from "../../../../cli/deploy/deployer.ts";
import { namedApps } from "../../../../cli/deploy/named-apps.ts";
import { programVariables } from "../../../../cli/deploy/program-variables.ts";
import { givenScope, ownersOf, partOf, scopeOf } from "../../../../cli/deploy/scope.ts";
import { targetsOf } from "../../../../cli/deploy/shared-parts.ts";
import type { Deployment, StateResource } from "../../../../cli/deploy/stack-state.ts";
import { givenScope as toldScope } from "../../../../config/scope.ts";
import { types } from "../../../../pulumi/resource-types.ts";

const urn = (chain: string, name: string) => `urn:pulumi:prod::berth::${chain}::${name}`;
const stack = urn(types.stack, "berth-prod");
const application = (name: string) => urn("berth:index:Application", name);
const web = (app: string) => urn(`berth:index:Application$${types.container}`, `${app}-web-0`);
const routes = urn("berth:index:Routes", "routes");
const job = (name: string) => urn("berth:index:Routes$berth:index:Job", name);
const jobContainer = (name: string) => urn(`berth:index:Routes$berth:index:Job$${types.container}`, name);
const traefik = urn(`berth:index:Traefik$${types.container}`, "traefik");

function resource(own: string, parent: string, more: Partial<StateResource> = {}): StateResource {
  const type = own.split("::")[2]?.split("$").at(-1) ?? "";
  return { urn: own, parent, type, custom: !type.startsWith("berth:"), ...more };
}

const of = (app: string) => [
  resource(application(app), stack),
  resource(web(app), application(app), { id: `${app}-id` }),
  resource(job(`route-${app}`), routes),
  resource(jobContainer(`route-${app}`), job(`route-${app}`), { dependencies: [web(app)] }),
];

/** `shop-web` is an application whose name begins as a resource of `shop` does. */
const state: Deployment = {
  resources: [
    { urn: stack, type: types.stack },
    resource(traefik, stack, { id: "traefik-id" }),
    resource(routes, stack),
    ...of("shop"),
    ...of("shop-web"),
    resource(job("routes-write"), routes, { dependencies: [jobContainer("route-shop"), jobContainer("route-shop-web")] }),
    resource(jobContainer("routes-write"), job("routes-write")),
  ],
};
const own = (app: string) => of(app).map((each) => each.urn);
const waiting = [job("routes-write"), jobContainer("routes-write")];

describe("an update of some applications", () => {
  test("is of what lies below an application and its route; others, and what waits for applications, are left alone", () => {
    const scope = scopeOf(["shop"], state);
    assert.deepEqual(scope, { apps: ["shop"], known: ["shop", "shop-web"], own: own("shop"), others: [...own("shop-web"), ...waiting] });
    assert.deepEqual(scopeOf(["shop-web"], state).own, own("shop-web"));
    const both = scopeOf(["shop", "shop-web"], state);
    assert.deepEqual([both.own, both.others], [[...own("shop"), ...own("shop-web")], waiting]);
  });

  test("knows those that the last update applied and those that are named, so one that was never applied is none of its concern", () => {
    assert.deepEqual(scopeOf(["new"], state).known, ["shop", "shop-web", "new"]);
  });

  test("takes of the state what is theirs, of operations that were begun too", () => {
    const begun = resource(urn(`berth:index:Application$${types.container}`, "shop-web-1"), application("shop"));
    const pending = [begun, resource(urn(`berth:index:Application$${types.container}`, "other"), application("shop-web"))];
    const part = partOf({ ...state, pending_operations: pending.map((made) => ({ resource: made, type: "creating" })) }, scopeOf(["shop"], state));
    assert.deepEqual(part.resources?.map((each) => each.urn), own("shop"));
    assert.deepEqual(part.pending_operations?.map((operation) => operation.resource), [begun]);
    assert.equal(partOf(state, undefined), state);
  });

  test("takes a stack that is up", () => {
    assert.equal(givenScope("prod", [], {}), undefined);
    assert.throws(() => givenScope("prod", ["shop"], {}), { code: 6, message: /stack "prod" is not up, .*\.\/berth up -s prod makes both/ });
    assert.deepEqual(givenScope("prod", ["shop"], state)?.apps, ["shop"]);
  });

  test("whatever names applications have, each resource is of the one whose component it lies below", () => {
    const name = fc.stringMatching(/^[a-c](-[a-c]){0,3}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), (apps) => {
        const owners = ownersOf(apps, apps.flatMap(of));
        for (const app of apps) for (const each of own(app)) assert.equal(owners.get(each), app);
      }),
    );
  });
});

const event = (op: string, at: string, parent: string, diff: string[] = []): ResourceEvent => ({
  phase: "done", op, urn: at, type: at.split("::")[2]?.split("$").at(-1) ?? "", name: at.split("::").at(-1) ?? "", detail: { diff, replaces: [], parent },
});

describe("what it may change", () => {
  const scope = scopeOf(["shop"], state);
  const more = urn(`berth:index:Application$${types.container}`, "shop-web-1");

  test("is what the state has of it, and what the preview makes", () => {
    const events = [event("same", traefik, stack), event("replace", web("shop"), application("shop"), ["image"]), event("create", more, application("shop")), event("update", urn("pulumi:providers:docker", "pull"), stack)];
    assert.deepEqual(targetsOf("prod", scope, state, events), [...own("shop"), more]);
  });

  test("is no shared part: each is named with what would change, and the update of all as the way", () => {
    const network = urn(`berth:index:Networks$${types.network}`, "networks-app-shop");
    const events = [event("replace", traefik, stack, ["image", "command"]), event("create", network, urn("berth:index:Networks", "networks")), event("replace", web("shop"), application("shop"))];
    assert.throws(() => targetsOf("prod", scope, state, events), {
      code: 6,
      message: /^nothing was changed: an update of shop alone would change what the applications of stack "prod" share[^\n]*\n {2}to replace traefik: image, command\n {2}to create networks-app-shop\n.*\.\/berth up -s prod$/,
    });
  });

  test("is no route that leaves, as the record of what waits for it stays", () => {
    assert.throws(() => targetsOf("prod", scope, state, [event("delete", jobContainer("route-shop"), job("route-shop"))]), /\n {2}to delete route-shop\n/);
    assert.deepEqual(targetsOf("prod", scope, state, [event("delete", web("shop"), application("shop"))]), own("shop"));
  });
});

describe("the names", () => {
  const project = { applications: () => ({ root: "root", notes: "services/node" }), stacks: () => ["dev", "prod"] };
  const named = (...positionals: string[]) => namedApps(project, "prod", { positionals });

  test("are of the stack file, each once", () => {
    assert.deepEqual([named(), named("root"), named("notes", "root", "notes")], [[], ["root"], ["notes", "root"]]);
  });

  test("that are none are refused with those that are, and the fix", () => {
    assert.throws(() => named("root", "note"), { code: 2, message: '"note" is no application of stack "prod", which has root, notes: did you mean notes?' });
    assert.throws(() => named("shop"), { code: 2, message: /which has root, notes: a new one is an entry under berth:apps in Pulumi\.prod\.yaml/ });
    assert.throws(() => named("dev"), { code: 2, message: /: for the stack of that name: -s dev/ });
  });

  test("reach the program by a variable that is always said, so that one which somebody exported does not count", () => {
    assert.deepEqual(programVariables({}), { BERTH_SCOPE: "" });
    const told = programVariables({ scope: scopeOf(["shop"], state), note: "note", purge: ["a:B", "c:D"] });
    assert.deepEqual(toldScope(told), { apps: ["shop"], known: ["shop", "shop-web"] });
    assert.deepEqual([told["BERTH_RELEASE_NOTE"], told["BERTH_PURGE_SECRETS"]], ["note", "a:B,c:D"]);
    assert.deepEqual([toldScope({}), toldScope({ BERTH_SCOPE: "" })], [undefined, undefined]);
    assert.throws(() => toldScope({ BERTH_SCOPE: '{"apps":[],"known":[]}' }));
  });
});
