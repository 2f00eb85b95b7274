import assert from "node:assert/strict";
import { test } from "node:test";
import { preview, type StepEvent } from "../../../engine/index.ts";
import { changed as changedBy } from "./changed.ts";
import { noCli, RecordedCli } from "./recorded-cli.ts";
import { RecordedStack } from "./recorded-stack.ts";

test("the embedded engine changes nothing in a stack of an earlier version", async () => {
  using stack = new RecordedStack("embedded");
  const { name, passphrase, stateFile, folder } = stack;
  const { steps } = await preview({ projectDir: folder, stack: name, passphrase, stateFile });
  const told = steps.filter(({ phase }) => phase !== "diagnostic");
  requireSame(stack, told.filter(({ op }) => op === "same").length, told.filter(({ op }) => op !== "same"));
});

test("the Pulumi CLI changes nothing in a stack of an earlier version", { skip: noCli }, async () => {
  using stack = new RecordedStack("pulumi");
  await using cli = await RecordedCli.of(stack);
  const { steps, changeSummary } = await cli.preview();
  requireSame(stack, changeSummary.same, steps.filter(({ op }) => op !== "same").map(({ op, urn, diffReasons }) => ({ op, urn, diff: diffReasons })));
  assert.deepEqual([...cli.asked], ["/_ping"]);
});

/** @param same How many resources stay as they are. @param others What happens to all the others. */
function requireSame(stack: RecordedStack, same: number, others: Pick<StepEvent, "op" | "urn" | "diff">[]): void {
  const changed = changedBy[stack.engine];
  const told = (urns: string[]) => others.filter(({ urn }) => urns.includes(urn)).map(({ op, urn, diff }) => ({ op, urn, diff }));
  assert.ok(stack.dataVolumes.length > 0, "the recorded stack has volumes with data");
  assert.deepEqual(told(stack.dataVolumes), [], "a volume with data stays as it is");
  assert.deepEqual(stack.dataVolumes.filter((urn) => urn in changed), [], "the list names no volume with data");
  assert.deepEqual(told(others.map(({ urn }) => urn).filter((urn) => !(urn in changed))), [], "nothing but what the list names changes");
  assert.deepEqual(Object.keys(changed).filter((urn) => told([urn]).length === 0), [], "the list names only what does change");
  // Neither engine tells of the providers that it makes itself.
  const recorded = stack.resources.filter(({ type, urn }) => !(type.startsWith("pulumi:providers:") && urn.includes("::default")));
  const lost = new Set(others.filter(({ op }) => op !== "create").map(({ urn }) => urn));
  assert.equal(same + lost.size, recorded.length, "every resource of the state is looked at");
}
