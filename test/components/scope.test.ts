import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { programVariables } from "../../cli/deploy/program-variables.ts";
import { ownersOf, type Scope, scopeOf } from "../../cli/deploy/scope.ts";
import { preview, type StepEvent } from "../../engine/index.ts";
import { appsOf } from "./stack-program.ts";

const projectDir = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "berth-scope-"));
after(() => rmSync(folder, { recursive: true }));

/** What the program of dev registers on an empty state, by URN with its parent. Nothing is contacted. */
async function registered(scope?: Scope): Promise<Map<string, string | undefined>> {
  const events: StepEvent[] = [];
  const environment = programVariables({ scope });
  await preview({ projectDir, stack: "dev", passphrase: "none", stateFile: join(folder, "state.json"), environment, onEvent: (event) => void events.push(event) });
  return new Map(events.flatMap(({ phase, op, urn, detail }) => (phase === "done" && op === "create" ? [[urn, detail?.parent] as const] : [])));
}

const applied = (apps: string[], known: string[]): Scope => ({ apps, known, others: [], own: [] });

test("with a scope the program registers the platform as ever, and the named applications alone", async () => {
  const definitions = await appsOf("dev");
  const names = definitions.map(({ name }) => name);
  const [named = ""] = names;
  const [all, some] = [await registered(), await registered(applied([named], names))];
  const resources = [...all].map(([urn, parent]) => ({ urn, ...(parent !== undefined && { parent }) }));
  const owners = ownersOf(names, resources);
  const left = [...all.keys()].filter((urn) => !some.has(urn));
  assert.deepEqual(left.toSorted(), [...owners].filter(([, app]) => app !== named).map(([urn]) => urn).toSorted(), "exactly what is of the others is not registered");
  assert.deepEqual([...some.keys()].filter((urn) => !all.has(urn)), []);
  const routed = definitions.filter(({ name, definition }) => name !== named && definition.web !== undefined).map(({ name }) => `route-${name}`);
  const jobs = new Set(left.map((urn) => urn.slice(urn.lastIndexOf("::") + 2)).filter((name) => name.startsWith("route-")));
  assert.deepEqual([...jobs].toSorted(), routed.toSorted());
  const { known } = scopeOf([named], { resources: resources.map((resource) => ({ ...resource, type: "" })) });
  assert.deepEqual(known.toSorted(), names.toSorted(), "the state tells which applications there are");
});

test("an application that is not known is as if the stack file had none of its name", async () => {
  const [named = "", ...others] = (await appsOf("dev")).map(({ name }) => name);
  const without = others.slice(1);
  const urns = [...(await registered(applied([named], [named, ...without]))).keys()];
  assert.ok(urns.some((urn) => urn.endsWith(`::networks-app-${without[0]}`)));
  assert.ok(urns.every((urn) => !urn.endsWith(`::networks-app-${others[0]}`)));
});
