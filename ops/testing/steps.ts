import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../command.ts";
import { engines } from "../choose.ts";
import { messageOf } from "../exit.ts";
import { ensureEngine } from "../setup/engine.ts";
import { ensureImages } from "../setup/images.ts";
import { findCli } from "../setup/pulumi.ts";
import type { Report } from "../setup/report.ts";
import { otherLinters, packageCheck, schemaCheck } from "./checks.ts";
import { type NodeTests, runNodeTests, testFiles } from "./node-tests.ts";
import { appTests } from "./apps.ts";
import { skippedOne, type Tally } from "./tally.ts";

export interface TestStep {
  /** Its first word is what `--only` takes. */
  name: string;
  run: (onTest: NodeTests["onTest"]) => Promise<Tally>;
}

export const stepNames = ["lint", "types", "schema", "linters", "unit", "components", "policy", "apps", "e2e"];

const minute = 60_000;

/** Tests of the embedded engine itself, or of no engine; the Pulumi CLI does not run them. */
const ownTests = "test/e2e/engine*.test.ts";

/**
 * Tests of what runs, whichever engine applied it: where a machine has both, they are run once, on the Pulumi CLI, since
 * twice would take a quarter of an hour more. `--engine embedded` runs them on the other.
 */
const onceTests = `test/e2e/{${["alerts", "backup", "backup-s3", "cis", "commands", "faults-postgres", "faults-redis", "images", "images-built", "init", "live", "logs", "new", "schedules", "swarm", "systems", "tls", "validators"].join(",")}}.test.ts`;

/** The steps of `berth test`, the fast ones first. What needs Docker sees to the engine and the images once. */
export function testSteps(context: Context, report: Report, onlyEngine: string | undefined): TestStep[] {
  const { project, environment, signal } = context;
  const tests = (files: string, more: Partial<NodeTests> = {}) => (onTest: NodeTests["onTest"]) =>
    runNodeTests({ folder: project.folder, files, environment, signal, timeout: 2 * minute, ...more, onTest });
  let machine: Promise<string | undefined> | undefined;
  /** Runs a step on a machine that is ready; where it can't be, the step is skipped with the reason. */
  const ready = (name: string, run: TestStep["run"]): TestStep => ({
    name,
    run: async (onTest) => {
      const problem = await (machine ??= prepare(project.folder, report));
      return problem === undefined ? run(onTest) : skippedOne(name, problem);
    },
  });
  const steps: TestStep[] = [
    { name: "lint", run: () => packageCheck("oxlint", context, "oxlint/bin/oxlint", ["--type-aware", "--deny-warnings"]) },
    { name: "types", run: () => packageCheck("tsc", context, "typescript/bin/tsc", ["--noEmit"]) },
    { name: "schema", run: () => schemaCheck(context) },
    { name: "linters", run: () => otherLinters(context) },
    { name: "unit", run: tests("test/unit/**/*.test.ts") },
    { name: "components", run: tests("test/components/**/*.test.ts") },
  ];
  if (existsSync(join(project.folder, "test", "policy"))) steps.push({ name: "policy", run: tests("test/policy/**/*.test.ts") });
  steps.push(ready("apps", () => appTests(context)));
  const files = "test/e2e/**/*.test.ts";
  const hasTests = testFiles({ folder: project.folder, files }).length > 0;
  for (const engine of engines.filter((name) => hasTests && (onlyEngine === undefined || name === onlyEngine))) {
    const name = `e2e on ${engine}`;
    steps.push(
      ready(name, async (onTest) => {
        const cli = await findCli(project, environment);
        if (engine === "pulumi" && "reason" in cli) return skippedOne(name, cli.reason);
        const both = onlyEngine === undefined && !("reason" in cli);
        const except = engine === "pulumi" ? ownTests : both ? onceTests : undefined;
        return tests(files, { except, concurrency: 1, timeout: 20 * minute, environment: { ...environment, BERTH_ENGINE: engine } })(onTest);
      }),
    );
  }
  return steps;
}

async function prepare(folder: string, report: Report): Promise<string | undefined> {
  try {
    await ensureEngine(report, folder);
    await ensureImages(report);
    return undefined;
  } catch (error) {
    return messageOf(error).split("\n")[0];
  }
}
