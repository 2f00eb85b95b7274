import assert from "node:assert/strict";

/** Awaits a condition; `check` gives undefined once it holds, else what it saw. `within` in milliseconds. */
export async function eventually(what: string, within: number, check: () => Promise<string | undefined>): Promise<void> {
  const deadline = Date.now() + within;
  for (;;) {
    const seen = await check();
    if (seen === undefined) return;
    if (Date.now() > deadline) assert.fail(`not within ${within / 1000} s: ${what}; last seen: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Awaits a condition that says no more than whether it holds, for at most 60 s. */
export function until(condition: () => Promise<boolean>): Promise<void> {
  return eventually("the condition holds", 60_000, async () => ((await condition()) ? undefined : "it does not"));
}
