import { closest } from "../../cli/arguments.ts";
import { type Command, engineOption } from "../../cli/command.ts";
import { messageOf, usageError } from "../../cli/exit.ts";
import { Progress } from "../../cli/progress.ts";
import { ensureCli, findCli } from "../../cli/setup/pulumi.ts";
import { duration } from "../../cli/table.ts";
import { lookAtMachine } from "./machine.ts";
import { unused, withoutUnlisted } from "./skips.ts";
import { stepNames, type TestStep, testSteps } from "./steps.ts";
import { closingLine, failedOne, notEmpty, shortTally, sum, type Tally } from "./tally.ts";
import { keepTimes, type Time } from "./times.ts";

export const command: Command = {
  summary: "lint, types, unit, component and end-to-end tests",
  description: [
    `Runs ${stepNames.join(", ")}: what needs no Docker side by side, then the rest.`,
    "End-to-end tests run in three lanes, each promise once: what no engine changes on the embedded one, the rest on the",
    "Pulumi CLI where it can be had. The others come with --slow, or where --files names their file. What they need is",
    "set up as up does it. Only what dev/testing/skips.ts lists may be skipped.",
    "How long each step and test file took is said before the last lines, and kept in .berth/test/times.txt.",
    "The last line is `N passed, N failed, N skipped`; what was skipped, and why, is named before it.",
  ].join("\n"),
  options: {
    only: { type: "string", value: "<step,…>", help: `these steps alone: ${stepNames.join(", ")}` },
    files: { type: "string", value: "<glob>", help: "test files that match alone, for example 'test/e2e/backup/*'" },
    engine: { ...engineOption, help: "end-to-end tests on this engine alone" },
    slow: { type: "boolean", help: "every end-to-end file on each engine, and the tests that take long, as each night" },
  },
  examples: ["./berth test", "./berth test --only lint,types,unit", "./berth test --files 'test/e2e/backup/*' --engine embedded"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal, signal, environment, project } = context;
    const started = Date.now();
    const report = new Progress(terminal);
    const { only, ...values } = parsed.values;
    const wanted = only?.split(",") ?? stepNames;
    for (const name of wanted) if (!stepNames.includes(name)) throw usageError(unknownStep(name));
    // The embedded engine alone needs no CLI, nor do the steps before.
    const find = wanted.includes("e2e") && values["engine"] !== "embedded" ? ensureCli : findCli;
    const cli = await find(project, environment, report);
    const slow = parsed.flags["slow"] ?? environment["BERTH_TEST_SLOW"] === "1";
    const steps = testSteps(context, report, cli, { ...values, only: wanted, slow });
    if (steps.length === 0) throw usageError(`no test file of ${wanted.join(", ")} matches --files "${values["files"] ?? ""}"`);
    const machine = await lookAtMachine(environment, "command" in cli && values["engine"] !== "embedded", slow);

    const times: Time[] = [];
    const ran: string[] = [];
    const runOne = async ({ name, run }: TestStep): Promise<Tally> => {
      const step = report.step(name);
      const shown: string[] = [];
      const seen = { passed: 0, failed: 0, skipped: 0 };
      const began = performance.now();
      const all = await run({
        test(line) {
          ran.push(line.name);
          times.push({ step: name, test: line.name, milliseconds: line.milliseconds });
          seen[line.result] += 1;
          step.progress?.(`${seen.passed} passed${seen.failed > 0 ? `, ${seen.failed} failed` : ""}: ${line.name}`);
          if (line.result === "failed") report.detail(failure(line.name, line.detail ?? ""));
          if (line.result === "failed") shown.push(line.name);
        },
        file: (file, milliseconds) => times.push({ step: name, file, milliseconds }),
      }).catch((error: unknown) => failedOne(name, messageOf(error)));
      times.push({ step: name, milliseconds: performance.now() - began });
      const tally = withoutUnlisted(signal.aborted ? all : notEmpty(name, all), machine);
      if (tally.failed.length === 0) step.done(shortTally(tally));
      else step.fail(shortTally(tally));
      for (const { name: failed, detail } of tally.failed) if (!shown.includes(failed)) report.detail(failure(failed, detail));
      return tally;
    };
    const group = async (which: TestStep["group"]): Promise<Tally> => {
      const tallies: Tally[] = [];
      for (const step of steps) if (step.group === which && !signal.aborted) tallies.push(await runOne(step));
      return sum(tallies);
    };
    const fast = await Promise.all([group("checks"), group("tests")]);
    const total = sum([...fast, await group("docker")]);

    terminal.result(keepTimes(project, times));
    for (const { name, reason } of total.skipped) terminal.result(`skipped: ${name}: ${reason}`);
    for (const entry of unused(total, machine, ran)) terminal.result(`not skipped, though dev/testing/skips.ts lists it: ${entry}`);
    for (const { name, detail } of total.failed) terminal.result(`failed: ${name}: ${firstLine(detail)}`);
    terminal.result(`in ${duration(Date.now() - started)}${signal.aborted ? ", interrupted" : ""}`);
    terminal.result(closingLine(total));
    if (signal.aborted) return 130;
    return total.failed.length > 0 || total.passed === 0 ? 1 : 0;
  },
};

function unknownStep(name: string): string {
  const near = closest(name, stepNames);
  return `berth test has no step "${name}": ${near === undefined ? `it has ${stepNames.join(", ")}` : `did you mean ${near}?`}`;
}

/** What an error says first: where only a log's end was kept, the reason is still told. */
function firstLine(detail: string): string {
  return (detail.split("\n").find((line) => line.trim() !== "") ?? "no reason given").trim().slice(0, 300);
}

function failure(name: string, detail: string): string {
  const lines = detail.split("\n");
  // The reason is at the beginning of an error, and at the end of a program's output.
  const shown = lines.length <= 60 ? lines : [...lines.slice(0, 20), `… ${lines.length - 60} lines …`, ...lines.slice(-40)];
  return [`failed: ${name}`, ...shown].join("\n      ");
}
