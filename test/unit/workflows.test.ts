import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");

interface Job {
  "timeout-minutes"?: number;
  permissions?: Record<string, string>;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  concurrency?: unknown;
  jobs: Record<string, Job>;
}

/** What is wrong with a workflow, by our rules; actionlint and zizmor check more (`./berth test --only linters`). */
function faults(text: string): string[] {
  const workflow = parse(text) as Workflow;
  const found: string[] = [];
  for (const [, used = ""] of text.matchAll(/^\s*-?\s*uses:\s*(.+)$/gm)) {
    if (!/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used)) found.push(`not pinned by commit with its version: ${used}`);
  }
  if (Object.keys(workflow.permissions ?? { all: "" }).length > 0) found.push("rights for all jobs");
  if (workflow.concurrency === undefined) found.push("no concurrency group");
  if ("pull_request_target" in workflow.on) found.push("runs a stranger's code with this repository's rights");
  for (const [name, job] of Object.entries(workflow.jobs)) {
    if (job["timeout-minutes"] === undefined) found.push(`${name}: no time limit`);
    if (job.permissions === undefined) found.push(`${name}: rights not named`);
    for (const { uses, run, with: inputs } of job.steps) {
      if (uses?.startsWith("actions/checkout@") === true && inputs?.["persist-credentials"] !== false) found.push(`${name}: leaves its token in the checkout`);
      if (run !== undefined && !/^\.\/berth [a-z -]+$/.test(run)) found.push(`${name}: logic in a workflow: ${run}`);
    }
  }
  return found;
}

describe("the workflows", () => {
  const files = globSync(".github/workflows/*.yml", { cwd: root });
  test("are test and images", () => assert.deepEqual(new Set(files.map((file) => basename(file))), new Set(["images.yml", "test.yml"])));

  for (const file of files) {
    test(`${file} runs our commands alone, with pinned actions, a time limit and no right that it does not need`, () => {
      assert.deepEqual(faults(readFileSync(join(root, file), "utf8")), []);
    });
  }

  test("may write packages only where images are pushed", () => {
    const writers = files.filter((file) => readFileSync(join(root, file), "utf8").includes(": write"));
    assert.deepEqual(writers.map((file) => basename(file)), ["images.yml"]);
  });
});

describe("a workflow is refused", () => {
  const good = readFileSync(join(root, ".github/workflows/images.yml"), "utf8");
  const broken: [what: string, text: string, fault: RegExp][] = [
    ["with an action pinned by tag", good.replace(/checkout@.*$/m, "checkout@v7"), /not pinned/],
    ["with a commit without its version", good.replace(/ # v7.*$/m, ""), /not pinned/],
    ["that keeps its token in the checkout", good.replace("persist-credentials: false", "fetch-depth: 0"), /token/],
    ["without a time limit", good.replace("timeout-minutes: 60", "continue-on-error: false"), /time limit/],
    ["with rights for all jobs", good.replace("permissions: {}", "permissions: {contents: write}"), /rights for all/],
    ["without a concurrency group", good.replace(/^concurrency:\n.*\n/m, ""), /concurrency/],
    ["that runs strangers' code with our rights", good.replace("workflow_dispatch:", "pull_request_target:"), /stranger/],
    ["with a script of its own", good.replace("./berth push -s ci", "docker push ghcr.io/acme/root"), /logic/],
  ];
  for (const [what, text, fault] of broken) test(what, () => assert.match(faults(text).join("\n"), fault));
});
