import { applyWithProgress } from "../apply.ts";
import { chooseDeployer } from "../choose.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import type { ResourceEvent } from "../deployer.ts";
import { Progress } from "../progress.ts";
import { changesText } from "../table.ts";

export const command: Command = {
  summary: "what up would change, without changing it",
  description: "Runs the program and lists each resource that up would create, update, replace or delete. Neither the\nDocker Engine nor a registry is asked.",
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  examples: ["./berth preview", "./berth preview -s prod --json | jq .changes"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const stack = stackOf(context, parsed);
    const report = new Progress(terminal);
    const { deployer, passphrase } = await chooseDeployer({ project, stack, environment, engine: parsed.values["engine"], report, install: true });
    terminal.redactor.hide(passphrase.value);
    report.note(deployer.description);
    const resources: Pick<ResourceEvent, "op" | "type" | "name" | "urn">[] = [];
    const outcome = await applyWithProgress(
      stack,
      terminal,
      report,
      (show) =>
        deployer.preview({
          signal,
          onEvent: (event) => {
            show(event);
            const { phase, op, type, name, urn } = event;
            if (phase === "done" && op !== "same" && op !== "read") resources.push({ op, type, name, urn });
          },
        }),
      true,
    );
    if (parsed.flags["json"]) terminal.json({ stack, engine: deployer.engine, changes: outcome.changes, resources });
    else terminal.result(changesText(outcome.changes, true));
    return 0;
  },
};
