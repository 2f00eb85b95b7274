import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stackOf } from "../../../cli/command.ts";
import { Project } from "../../../cli/project.ts";
import { stackIn } from "../../../cli/releases/stack-in.ts";

const project = new Project(`${import.meta.dirname}/../../..`);
const context = (variable?: string) => ({ project, environment: variable === undefined ? {} : { BERTH_STACK: variable } });

describe("the stack of a command", () => {
  test("is that of -s, or of BERTH_STACK, or dev", () => {
    const of = (variable: string | undefined, stack?: string) => stackOf(context(variable), { values: stack === undefined ? {} : { stack } });
    assert.deepEqual([of(undefined), of(""), of("prod"), of("prod", "ci"), of("nowhere", "ci")], ["dev", "dev", "prod", "ci", "ci"]);
  });

  test("that is unknown is refused with what named it, those that there are, and the way past it", () => {
    assert.throws(() => stackOf(context("prd"), { values: {} }), { code: 2, message: 'stack "prd", which BERTH_STACK names, has no file Pulumi.prd.yaml: did you mean prod?; -s wins over BERTH_STACK' });
    assert.throws(() => stackOf(context("ci"), { values: { stack: "prd" } }), { code: 2, message: 'stack "prd" has no file Pulumi.prd.yaml: did you mean prod?' });
  });

  test("of a command that takes none by default is BERTH_STACK's too, and a word that is typed wins over it", () => {
    const of = (variable: string | undefined, positionals: string[], values = {}) => stackIn(context(variable), { positionals, values }, "forward");
    assert.deepEqual([of("prod", []), of("prod", ["ci"]), of("prod", [], { stack: "ci" })], ["prod", "ci", "ci"]);
    assert.throws(() => of(undefined, []), { code: 2, message: /which stack\? berth forward <stack>; this project has / });
    assert.throws(() => of("prd", []), { code: 2, message: /"prd", which BERTH_STACK names,/ });
  });
});
