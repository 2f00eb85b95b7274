import { type Command, engineOption } from "../command.ts";
import { usageError } from "../exit.ts";
import { closest } from "../arguments.ts";
import { Progress } from "../progress.ts";
import { stepNames, testSteps } from "../testing/steps.ts";
import { closingLine, shortTally, sum, type Tally } from "../testing/tally.ts";
import { duration } from "../table.ts";

export const command: Command = {
  summary: "lint, types, unit, component and end-to-end tests",
  description: [
    `Runs, in this order: ${stepNames.join(", ")}.`,
    "End-to-end tests run once with each engine that this machine has. What they need is set up as up does it.",
    "The last line is `N passed, N failed, N skipped`; what was skipped, and why, is named before it.",
  ].join("\n"),
  options: {
    only: { type: "string", value: "<step,…>", help: `these steps alone: ${stepNames.join(", ")}` },
    engine: { ...engineOption, help: "end-to-end tests on this engine alone" },
  },
  examples: ["./berth test", "./berth test --only lint,types,unit", "./berth test --only e2e --engine embedded"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const started = Date.now();
    const report = new Progress(terminal);
    const wanted = parsed.values["only"]?.split(",") ?? stepNames;
    for (const name of wanted) if (!stepNames.includes(name)) throw usageError(unknownStep(name));
    const tallies: Tally[] = [];
    for (const { name, run } of testSteps(context, report, parsed.values["engine"])) {
      if (!wanted.includes(name.split(" ")[0] ?? "") || signal.aborted) continue;
      const step = report.step(name);
      const shown: string[] = [];
      const tally = await run((line, so) => {
        step.progress?.(`${shortTally(so)}: ${line.name}`);
        if (line.result === "failed") report.detail(failure(line.name, line.detail ?? ""));
        if (line.result === "failed") shown.push(line.name);
      });
      tallies.push(tally);
      if (tally.failed.length === 0) step.done(shortTally(tally));
      else step.fail(shortTally(tally));
      for (const { name: failed, detail } of tally.failed) if (!shown.includes(failed)) report.detail(failure(failed, detail));
    }
    const total = sum(tallies);
    for (const { name, reason } of total.skipped) terminal.result(`skipped: ${name}: ${reason}`);
    for (const { name } of total.failed) terminal.result(`failed: ${name}`);
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

function failure(name: string, detail: string): string {
  const lines = detail.split("\n");
  // The reason is at the beginning of an error, and at the end of a program's output.
  const shown = lines.length <= 60 ? lines : [...lines.slice(0, 20), `… ${lines.length - 60} lines …`, ...lines.slice(-40)];
  return [`failed: ${name}`, ...shown].join("\n      ");
}
