import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { driftOf } from "./compare.ts";
import { driftMarkdown } from "./markdown.ts";
import { driftText, notUpText } from "./text.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";

export const command: Command = {
  summary: "what differs from the state, and how to repair it; changes nothing",
  description: [
    "Compares what is on the Docker host with the stack's state: what was removed, stopped, renamed, moved to another",
    "network, given other limits or other files by hand, and what carries the stack's label unknown to the state. Each",
    "difference has a reason why it does harm or not, and the command that repairs it. Neither side is changed, and no",
    "lock is taken. Exit code 4 when something does harm, 1 when the state runs nothing, since then nothing is known.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption, markdown: { type: "boolean", help: "print it as Markdown, for the summary of a workflow" } },
  examples: ["./berth drift -s prod", "./berth drift -s prod --json | jq '.drifts[] | select(.harmful)'", "./berth drift -s prod --markdown", "./berth drift -s prod || ./berth up -s prod"],
  exits: [0, 1, 2, 3, 4, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    if (parsed.flags["json"] && parsed.flags["markdown"]) throw usageError("--json and --markdown are two forms of one result: give one of them");
    const docker = await dockerOf(context, stack);
    const { deployer } = await engineFor(context, stack, parsed.values["engine"]);
    const report = await driftOf({ deployer, docker, stack, signal });
    if (!report.up && report.harmful === 0) throw new OpsError(notUpText(stack, deployer.description), exitCodes.failed, { ...report });
    if (parsed.flags["json"]) terminal.json(report);
    else if (parsed.flags["markdown"]) terminal.result(driftMarkdown(report));
    else terminal.result(driftText(report, (colour, text) => terminal.resultStyle(colour, text)));
    return report.harmful > 0 ? exitCodes.drift : exitCodes.ok;
  },
};
