import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { inspectMachine, isMissing, type Requirement } from "./requirements.ts";
import { exitCodes } from "../exit.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

export const command: Command = {
  summary: "what this machine has and lacks; changes nothing",
  description: "Looks at each requirement of a stack on this machine: whether it is there, its version, and what to do where it is\nnot. Changes and installs nothing. Exit code 3 when something is missing that up can't do without.",
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  examples: ["./berth doctor", "./berth doctor --json | jq '.requirements[] | select(.state == \"missing\")'"],
  exits: [0, 2, 3],
  async run(context, parsed) {
    const stack = stackOf(context, parsed);
    const requirements = await inspectMachine(context, stack, parsed.values["engine"]);
    if (parsed.flags["json"]) context.terminal.json({ stack, ready: !requirements.some(isMissing), requirements });
    else context.terminal.result(doctorTable(requirements, context.terminal));
    return requirements.some(isMissing) ? exitCodes.requirement : exitCodes.ok;
  },
};

export function doctorTable(requirements: Requirement[], terminal: Pick<Terminal, "resultStyle">): string {
  const marks = { ok: terminal.resultStyle("green", "ok"), "will do": terminal.resultStyle("yellow", "will do"), missing: terminal.resultStyle("red", "missing") };
  const rows = requirements.map(({ name, state, found, todo }) => [marks[state], name, found, (todo ?? "").split("\n")[0] ?? ""]);
  return table(["", "REQUIREMENT", "FOUND", "WHAT TO DO"], rows);
}
