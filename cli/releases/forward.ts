import { readFileSync, writeFileSync } from "node:fs";
import { type Command, jsonOption, stackOption } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { withoutHeld } from "../stack-file/held-images.ts";
import { stackIn } from "./stack-in.ts";

export const command: Command = {
  summary: "after a rollback: let applications be built from their folders again",
  description: [
    "Takes the lines that a rollback wrote behind an application's name, image and revision, out of Pulumi.<stack>.yaml, so",
    "that the next up builds what is in its folder. Configuration and secrets that the rollback brought back stay; git has",
    "those of before. Changes nothing but that file. To go to a release that was left: ./berth rollback --to.",
  ].join("\n"),
  options: { stack: stackOption, json: jsonOption },
  positionals: ["stack"],
  examples: ["./berth forward prod"],
  exits: [0, 2],
  run(context, parsed) {
    const stack = stackIn(context, parsed, "forward");
    const file = context.project.stackFile(stack);
    const { text, apps } = withoutHeld(readFileSync(file, "utf8"));
    if (apps.length > 0) writeFileSync(file, text);
    if (parsed.flags["json"]) context.terminal.json({ stack, forward: apps });
    else if (apps.length === 0) context.terminal.result(`no rollback holds an application of stack "${stack}": Pulumi.${stack}.yaml is as it was`);
    else context.terminal.result(`${apps.join(", ")}: built from the folder again by the next ./berth up -s ${stack}; commit Pulumi.${stack}.yaml`);
    return Promise.resolve(exitCodes.ok);
  },
};
