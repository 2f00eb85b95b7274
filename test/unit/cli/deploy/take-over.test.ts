import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";
import { isHandedOver, takeOver } from "../../../../cli/deploy/take-over.ts";
import { Project } from "../../../../cli/project.ts";

// A CLI of which only the state is there: whether the real one takes such a state is shown by test/e2e/drift/drift.test.ts.
const container = (id: string) => ({ urn: "urn:pulumi:dev::berth::docker:index/container:Container::web", type: "docker:index/container:Container", custom: true, id });
const volume = { urn: "urn:pulumi:dev::berth::docker:index/volume:Volume::data", type: "docker:index/volume:Volume", custom: true, id: "data" };
const made: Deployment = { resources: [container("c1"), volume] };

/** A stack on the embedded engine. `claims` says which of the two has its state, where it can be used. */
function stack(theirs: Deployment = {}) {
  const project = new Project(mkdtempSync(join(tmpdir(), "berth-take-over-")));
  const state = project.generated("embedded", "dev.json");
  const text = JSON.stringify({ version: 3, deployment: made });
  writeFileSync(state, text);
  const cli = { state: theirs, imports: 0 };
  const notes: string[] = [];
  const claims = () => [...(existsSync(state) ? ["embedded"] : []), ...((cli.state.resources ?? []).some(({ id }) => id === "c1") ? ["pulumi"] : [])];
  const to = {
    description: "Pulumi CLI, state in file:///x",
    state: () => Promise.resolve(cli.state),
    adopt: (exported: object) => {
      cli.imports += 1;
      cli.state = (exported as { deployment: Deployment }).deployment;
      return Promise.resolve();
    },
  };
  const options = { project, stack: "dev", from: { settle: () => Promise.resolve() }, to, note: (line: string) => void notes.push(line) };
  const files = () => readdirSync(join(project.folder, ".berth/embedded")).toSorted();
  return { options, cli, notes, claims, files, state, text, clean: () => rmSync(project.folder, { recursive: true }) };
}

describe("the CLI takes a stack over from the embedded engine", () => {
  test("the state moves, its file stays as a backup, and both are told", async () => {
    const { options, cli, notes, claims, files, text, clean } = stack({ resources: [volume] });
    await takeOver(options);
    assert.deepEqual([claims(), cli.imports], [["pulumi"], 1]);
    const [kept = "", ...others] = files();
    assert.match(kept, /^dev\.taken-over-\d{4}-\d\d-\d\dT[\d-]+\.json$/);
    assert.deepEqual(others, []);
    assert.equal(readFileSync(join(options.project.folder, ".berth/embedded", kept), "utf8"), text);
    assert.match(notes.join(), new RegExp(`stack "dev" is the Pulumi CLI's now: .* 2 resources, .* backup in \\.berth/embedded/${kept}`));
    clean();
  });

  test("killed before or after the import it goes on; never do both claim the stack, and never is it lost", async () => {
    for (const point of ["before", "after"]) {
      const { options, cli, claims, clean } = stack();
      const seen: string[][] = [];
      // A process that is killed here never comes back.
      const adopt = (exported: object) => {
        seen.push(claims());
        if (point === "after") void options.to.adopt(exported);
        seen.push(claims());
        return new Promise<void>((_resolve, reject) => setImmediate(reject, new Error("killed")));
      };
      let asked = 0;
      const state = () => (++asked > 2 && seen.length > 0 ? new Promise<Deployment>(() => undefined) : options.to.state());
      await Promise.race([takeOver({ ...options, to: { ...options.to, adopt, state } }), new Promise((resolve) => setTimeout(resolve, 300))]);
      assert.deepEqual(seen, [[], point === "after" ? ["pulumi"] : []]);
      assert.ok(isHandedOver(options.project, "dev"), point);
      await takeOver(options);
      assert.deepEqual([claims(), cli.imports, isHandedOver(options.project, "dev")], [["pulumi"], 1, false], point);
      clean();
    }
  });

  test("where the CLI can't take it, the embedded engine has it as before", async () => {
    const { options, claims, files, state, text, clean } = stack();
    const adopt = () => Promise.reject(new Error("no route to the bucket"));
    await assert.rejects(takeOver({ ...options, to: { ...options.to, adopt } }), /stack "dev" stays on the embedded engine, as .*: no route to the bucket/);
    assert.deepEqual([claims(), files()], [["embedded"], ["dev.json"]]);
    assert.equal(readFileSync(state, "utf8"), text);
    clean();
  });

  test("where the CLI's state runs the stack with other containers, neither is touched", async () => {
    const other = { resources: [container("c2")] };
    const { options, cli, claims, clean } = stack(other);
    await assert.rejects(takeOver(options), /stack "dev" is in two states that differ: .*dev\.json, and Pulumi CLI/);
    assert.deepEqual([claims(), cli.state, cli.imports], [["embedded"], other, 0]);
    clean();
  });
});
