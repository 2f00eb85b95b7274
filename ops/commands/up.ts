import { performance } from "node:perf_hooks";
import { chooseDeployer } from "../choose.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { prepareMachine } from "../prepare.ts";
import { Progress } from "../progress.ts";
import { changesText, duration, table } from "../table.ts";
import { applyStack, waitForAnswers } from "../update.ts";

export const command: Command = {
  summary: "set up this machine, apply a stack, wait until it answers",
  description: [
    "Finds or installs what the stack needs (Docker Engine, images, Pulumi CLI), applies the stack, waits until each",
    "address answers through Traefik and prints the addresses. What is there already is used as it is; a second run",
    "changes nothing. Whatever is missing is said before the stack is touched.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  examples: ["./berth up", "./berth up -s dev --engine embedded", "./berth up --json | jq .addresses"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const stack = stackOf(context, parsed);
    const started = performance.now();
    const report = new Progress(terminal);
    const docker = await prepareMachine(context, stack, report);
    const choice = await chooseDeployer({ project, stack, environment, engine: parsed.values["engine"], report, install: true });
    terminal.redactor.hide(choice.passphrase.value);
    const { deployer } = choice;
    report.note(`${deployer.description}${choice.fallback === undefined ? "" : `; used because ${choice.fallback}`}`);

    const outcome = await applyStack(context, stack, { docker, deployer, report });
    const found = await waitForAnswers(outcome, report, signal);

    const total = performance.now() - started;
    if (parsed.flags["json"]) {
      const { releases: _, ...told } = outcome.outputs;
      const outputs = Object.fromEntries(Object.entries(told).map(([name, { value }]) => [name, value]));
      const steps = report.times.map(({ name, milliseconds }) => ({ name, milliseconds: Math.round(milliseconds) }));
      terminal.json({ stack, engine: deployer.engine, changes: outcome.changes, addresses: found, outputs, steps, milliseconds: Math.round(total) });
      return 0;
    }
    if (Object.keys(found).length > 0) {
      terminal.result("");
      terminal.result(table(["NAME", "ADDRESS"], Object.entries(found)));
      terminal.result("");
    }
    const reach = Object.entries((outcome.outputs["reach"]?.value ?? {}) as Record<string, string>);
    if (reach.length > 0) terminal.result(`${table(["PART", "HOW TO REACH IT"], reach)}\n`);
    terminal.result(`${changesText(outcome.changes)} in ${duration(total)}`);
    if (Object.keys(choice.variables).length > 0) {
      terminal.line(terminal.style("dim", "For plain pulumi commands on the same state:"));
      for (const [name, value] of Object.entries(choice.variables)) terminal.line(terminal.style("dim", `  export ${name}=${value}`));
    }
    return 0;
  },
};
