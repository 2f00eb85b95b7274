import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { foundAgain, keptNote, letGo } from "../../../../cli/deploy/data-volumes.ts";
import type { Asked, Registration } from "../../../../cli/deploy/recorded-program.ts";
import type { Deployment, StateResource } from "../../../../cli/deploy/stack-state.ts";
import { refuseProblems, volumeProblems } from "../../../../cli/deploy/volume-problems.ts";
import { codeOf } from "../../../../cli/exit.ts";
import { types } from "../../../../pulumi/resource-types.ts";

const stack = "a-b";
const labels = (app?: string, owner = stack) => ({ "berth.role": "data", "berth.stack": owner, ...(app !== undefined && { "berth.app": app }) });
const listed = (all: Record<string, string>) => Object.entries(all).map(([label, value]) => ({ label, value }));
const urn = (chain: string, name: string, type: string = types.volume) => `urn:pulumi:${stack}::berth::${chain}$${type}::${name}`;
const notes = urn("berth:index:Application$berth:index:Volume", "c-volume-v-volume");
const postgres = urn("berth:index:Postgres$berth:index:Volume", "postgres-data-volume");
const backups = urn("berth:index:Postgres$berth:index:BackupRepository$berth:index:Volume", "postgres-backups-volume");
const registered = (of: string, name: string, app?: string, type: string = types.volume): Registration => ({ type, name: "x", urn: of, inputs: { name, labels: listed(labels(app)) }, protect: false, retainOnDelete: true });
const asked = (...volumes: Registration[]): Asked => ({ images: [], volumes, networks: [] });
const kept = (of: string, name: string, more: Partial<StateResource> = {}): StateResource => ({ urn: of, type: types.volume, custom: true, id: name, retainOnDelete: true, inputs: { name }, outputs: { name }, ...more });
const state = (...resources: StateResource[]): Deployment => ({ resources });
const name = "berth-a-b-c-volume-v";

describe("what an earlier version protected", () => {
  const before = state(kept(notes, name, { protect: true }), kept(backups, "berth-a-b-postgres-backups", { protect: true }), kept(postgres, "berth-a-b-postgres-data", { protect: true }));

  test("is let go where the program names it no more, and Postgres' data never", () => {
    assert.deepEqual(letGo(before, asked()), [notes, backups]);
    assert.deepEqual(letGo(before, asked(registered(notes, name))), [backups]);
  });

  test("is not let go where it would be deleted, is not protected, or the program is not known", () => {
    assert.deepEqual(letGo(state(kept(notes, name, { protect: true, retainOnDelete: false }), kept(backups, "b")), asked()), []);
    assert.deepEqual(letGo(before, undefined), []);
  });

  test("is told with the command that deletes it, on the host where it is", () => {
    assert.match(keptNote([name], undefined), /the volume berth-a-b-c-volume-v has left .* stays .*: docker volume rm berth-a-b-c-volume-v$/);
    assert.match(keptNote(["x", "y"], "ssh://deploy@example.com"), /the volumes x, y have left .* stay .*: docker -H ssh:\/\/deploy@example\.com volume rm x y$/);
  });
});

test("a volume that is made and was there already is told: its data is used again", () => {
  const wanted = asked(registered(notes, name, "c"), registered(postgres, "berth-a-b-postgres-data"), { ...registered(backups, "files"), retainOnDelete: false });
  assert.deepEqual(foundAgain(wanted, new Set([notes, postgres, backups]), new Set([name, "files"])), [name]);
  assert.deepEqual(foundAgain(wanted, new Set(), new Set([name])), []);
});

describe("a volume or network on the Docker host", () => {
  const host = (has: Record<string, string> | null, ...networks: { Name: string; Labels: Record<string, string> }[]) => ({ volumes: [{ Name: name, Labels: has }], networks });
  const problems = (given: Parameters<typeof volumeProblems>[1], before = state(), wanted = asked(registered(notes, name, "c"))) => volumeProblems({ stack, state: before, asked: wanted }, given);

  test("of the stack's own, or made beforehand without a label, is taken as it is", () => {
    assert.deepEqual(problems(host(labels("c"))), []);
    assert.deepEqual(problems(host(labels())), [], "those of an earlier version name no application");
    assert.deepEqual(problems(host(null)), []);
    assert.deepEqual(problems({ volumes: [], networks: [] }), [], "a new one is made");
  });

  test("of another stack whose name with the application's is the same is refused: two would write one volume", () => {
    // Stack `a` with the application `b-c`, and stack `a-b` with the application `c`.
    const [problem, ...others] = problems(host(labels("b-c", "a")));
    assert.deepEqual(others, []);
    assert.equal(problem?.field, `volume ${name}`);
    assert.match(problem?.value ?? "", /of stack "a" by its label berth\.stack/);
    assert.match(problem?.fix ?? "", /give the application "c" another name; .*docker volume rm berth-a-b-c-volume-v/);
  });

  test("of another application of the same stack is refused", () => {
    assert.match(problems(host(labels("other")))[0]?.value ?? "", /of the application "other" by its label berth\.app/);
  });

  test("that is a network of another stack is refused too", () => {
    const edge = urn("berth:index:Networks", "networks-edge", types.network);
    const wanted = { ...asked(), networks: [registered(edge, "berth-a-b-edge", undefined, types.network)] };
    const found = volumeProblems({ stack, state: state(), asked: wanted }, host(null, { Name: "berth-a-b-edge", Labels: { "berth.stack": "a" } }));
    assert.deepEqual(found.map(({ field, fix }) => [field, /the stack "a-b" another name; .*docker network rm berth-a-b-edge/.test(fix)]), [["network berth-a-b-edge", true]]);
  });

  test("is refused under another name than the state has: it would be empty", () => {
    const [problem] = problems({ volumes: [{ Name: "berth-old-c-volume-v", Labels: labels() }], networks: [] }, state(kept(notes, "berth-old-c-volume-v")));
    assert.deepEqual([problem?.field, problem?.value], ["volume berth-old-c-volume-v", `${name} in the program`]);
  });

  test("that the state has and the host lacks stops the update, until somebody says that the data is lost", () => {
    const gone = { volumes: [], networks: [] };
    const check = { stack, state: state(kept(notes, name)), asked: asked(registered(notes, name, "c")) };
    const [problem] = volumeProblems(check, gone);
    assert.equal(problem?.value, "in the state, and not on the Docker host");
    assert.match(problem?.fix ?? "", /\.\/berth up -s a-b --data-lost/);
    assert.deepEqual(volumeProblems({ ...check, asked: undefined }, gone), [problem], "where the CLI alone can run the program as well");
    assert.deepEqual(volumeProblems({ ...check, dataLost: true }, gone), []);
    assert.deepEqual(volumeProblems({ ...check, asked: asked() }, gone), [], "one that leaves anyway is missed by nobody");
  });

  test("is told in four parts, with exit code 6", () => {
    const found = problems(host(labels("b-c", "a")));
    assert.throws(() => refuseProblems(stack, found), (error: Error) => {
      assert.match(error.message, /^stack "a-b": 1 problem with what is on its Docker host; nothing was changed\.\n {2}volume berth-a-b-c-volume-v in stack "a-b" is .*\n {4}allowed: .*\n {4}fix: {5}/);
      return codeOf(error) === 6;
    });
    refuseProblems(stack, []);
  });
});
