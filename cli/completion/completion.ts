import type { Command } from "../command.ts";
import { usageError } from "../exit.ts";
import { closest } from "../arguments.ts";
import { bash } from "./bash.ts";
import { fish } from "./fish.ts";
import { completed, type Completed } from "./completed.ts";
import { zsh } from "./zsh.ts";

const shells: Record<string, (commands: readonly Completed[]) => string> = { bash, zsh, fish };

export const command: Command = {
  summary: "a script for bash, zsh or fish that completes commands, options and names",
  description: [
    "Prints a script that completes what follows ./berth: commands, options and their values, actions, stacks by their files,",
    "applications by the stack file. It is made from the commands of this version: print it anew after a change of version.",
    "Nothing is run while it completes.",
  ].join("\n"),
  options: {},
  positionals: [Object.keys(shells).join("|")],
  actions: Object.keys(shells),
  examples: ['eval "$(./berth completion bash)"   # in ~/.bashrc, with the path of ./berth', 'eval "$(./berth completion zsh)"    # in ~/.zshrc, after compinit', "./berth completion fish | source    # in ~/.config/fish/config.fish"],
  exits: [0, 2],
  async run({ terminal, commands }, { positionals: [shell = ""] }) {
    const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
    if (script === undefined) {
      const near = closest(shell, Object.keys(shells));
      throw usageError(`for which shell? berth completion takes ${Object.keys(shells).join(", ")}${shell === "" ? "" : `; "${shell}" is none of them${near === undefined ? "" : `: did you mean ${near}?`}`}`);
    }
    terminal.result(script(await completed(commands)));
    return 0;
  },
};
