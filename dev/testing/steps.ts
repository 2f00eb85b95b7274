import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, join, matchesGlob } from "node:path";
import type { Context } from "../../cli/command.ts";
import { messageOf } from "../../cli/exit.ts";
import type { Cli, NoCli } from "../../cli/setup/pulumi.ts";
import type { Report } from "../../standins/report.ts";
import { appTests } from "./apps.ts";
import { otherLinters, packageCheck, schemaCheck } from "./checks.ts";
import { runInLanes } from "./lanes.ts";
import { prepare } from "./machine.ts";
import { runNodeTests, type Watch } from "./node-tests.ts";
import { isLeft, tasksOf } from "./places.ts";
import { leftToTheNight, wholeFile } from "./skips.ts";
import { failedOne, skippedOne, sum, type Tally } from "./tally.ts";

export interface TestStep {
  /** What `--only` takes. */
  name: string;
  /** Groups run side by side, the steps of one after each other; those that need Docker come when the others have ended. */
  group: "checks" | "tests" | "docker";
  run: (watch: Watch) => Promise<Tally>;
}

export const stepNames = ["lint", "types", "schema", "linters", "unit", "components", "policy", "apps", "e2e"];

const minute = 60_000;

export interface Chosen {
  /** Steps of these names alone. */
  only: readonly string[];
  /** End-to-end tests on this engine alone. */
  engine?: string;
  /** A glob of test files, from the project's folder: these alone, and no step that has none. */
  files?: string;
  /** Every end-to-end file on each engine, and the tests that are left out otherwise. */
  slow?: boolean;
}

/** The steps of `berth test`. What needs Docker sees to the engine and the images once; where they can't be had, it fails. */
export function testSteps(context: Context, report: Report, cli: Cli | NoCli, chosen: Chosen): TestStep[] {
  const { project, signal } = context;
  const environment = { ...withCli(context.environment, cli), ...(chosen.slow === true && { BERTH_TEST_SLOW: "1" }) };
  const found = (glob: string) =>
    globSync(glob, { cwd: project.folder }).filter((file) => chosen.files === undefined || matchesGlob(file, chosen.files)).toSorted();
  let machine: Promise<void> | undefined;
  const ready = (name: string, run: TestStep["run"]): TestStep => ({
    name,
    group: "docker",
    run: async (watch) => {
      try {
        await (machine ??= prepare(project.folder, report));
      } catch (error) {
        return failedOne(name, messageOf(error));
      }
      return run(watch);
    },
  });
  const checks = (name: string, run: TestStep["run"]): TestStep => ({ name, group: "checks", run });
  const tests = (name: string, preload?: string): TestStep => ({
    name,
    group: "tests",
    run: (watch) => runNodeTests({ folder: project.folder, files: found(`test/${name}/**/*.test.ts`), environment, signal, timeout: 2 * minute, concurrency: availableParallelism(), watch, ...(preload !== undefined && { preload }) }),
  });
  const e2e = async (watch: Watch) => {
    const tallies: Tally[] = [];
    const only = chosen.engine;
    if ("reason" in cli && only === undefined) tallies.push(skippedOne("e2e on pulumi", cli.reason));
    const files = found("test/e2e/**/*.test.ts");
    const engines = { cli: "command" in cli, ...(only !== undefined && { only }), slow: chosen.slow ?? false, named: chosen.files !== undefined };
    const tasks = tasksOf(files, engines);
    for (const file of files) if (isLeft(file, engines)) tallies.push(skippedOne(wholeFile(file), leftToTheNight));
    await runInLanes(
      tasks,
      async ({ file, engine }) => {
        const suffix = ` (${engine})`;
        const ofFile = { ...watch, file: (path: string, milliseconds: number) => watch.file(`${path}${suffix}`, milliseconds) };
        tallies.push(await runNodeTests({ folder: project.folder, files: [file], suffix, environment: { ...environment, BERTH_ENGINE: engine }, signal, timeout: 20 * minute, watch: ofFile }));
      },
      signal,
    );
    return sum(tallies);
  };
  const all: TestStep[] = [
    checks("lint", () => packageCheck("oxlint", context, "oxlint/bin/oxlint", ["--type-aware", "--deny-warnings"])),
    checks("types", () => packageCheck("tsc", context, "typescript/bin/tsc", ["--noEmit"])),
    checks("schema", () => schemaCheck(context)),
    checks("linters", () => otherLinters(context)),
    tests("unit"),
    // As Pulumi.yaml has it: these run the program.
    tests("components", "./pulumi/lighter-sdk.js"),
    tests("policy", "./pulumi/lighter-sdk.js"),
    ready("apps", (watch) => appTests(context, watch, chosen.slow === true)),
    "reason" in cli && chosen.engine === "pulumi" ? { name: "e2e", group: "docker", run: () => Promise.resolve(failedOne("e2e on pulumi", cli.reason)) } : ready("e2e", e2e),
  ];
  const withFiles = (name: string) => chosen.files === undefined || found(`test/${name}/**/*.test.ts`).length > 0;
  return all.filter(({ name }) => chosen.only.includes(name) && withFiles(name));
}

/** Tests, and the copies of the project that they make, find the CLI that this project downloaded on PATH. */
function withCli(environment: NodeJS.ProcessEnv, cli: Cli | NoCli): NodeJS.ProcessEnv {
  if ("reason" in cli || cli.root === undefined) return environment; // none, or on PATH already
  return { ...environment, PATH: `${join(cli.root, "bin")}${delimiter}${environment["PATH"] ?? ""}` };
}
