import { describe, it } from "node:test";
import { changes } from "./changes.ts";
import { contents } from "./contents.ts";
import { killed } from "./killed.ts";
import { removal } from "./removal.ts";
import { targets } from "./targets.ts";
import { embedded, hasDocker, hasPulumi, pulumi } from "./engines.ts";
import { IMAGE, TestStack } from "./stack.ts";

// The contract of both engines: whatever is shown here of one is shown of the other, so other files need only one.
for (const make of [embedded, pulumi]) {
  const missing = !hasDocker() ? `Docker or the image ${IMAGE} is not there` : make === pulumi && !hasPulumi() ? "the Pulumi CLI is not on PATH" : false;
  // The CLI's processes wait for each other more than for a processor.
  describe(`engine: ${make.name}`, { skip: missing, concurrency: make === pulumi ? 3 : 1 }, () => {
    for (const [name, scenario] of Object.entries({ ...changes, ...removal, ...targets, ...contents, ...(make === embedded && killed) })) {
      it(name, { timeout: 180_000 }, async () => {
        await using stack = new TestStack();
        await scenario(stack, make(stack));
      });
    }
  });
}
