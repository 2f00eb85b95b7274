import type { Option } from "./arguments.ts";
import type { Command } from "./command.ts";
import { exitMeanings } from "./exit.ts";
import { table } from "./table.ts";

export function overview(commands: Record<string, Pick<Command, "summary">>): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [`  ${name}`, summary]);
  return [
    "berth — a small team's production as one Pulumi program",
    "",
    "Usage: ./berth <command> [options]",
    "",
    "Commands:",
    table(["", ""], rows).trimStart().replace(/^/, "  "),
    "",
    "./berth <command> --help tells the options, examples and exit codes of one; ./berth --version tells Berth's own version.",
    "BERTH_STACK names the stack of commands that are given none by -s; without it that is dev.",
    "Plain `pulumi up -s dev` does the same as ./berth up on a machine that is set up; up prints what it needs.",
  ].join("\n");
}

export function commandHelp(name: string, command: Command): string {
  const options: [string, Option][] = [...Object.entries(command.options), ["help", { type: "boolean", short: "h", help: "print this" }]];
  const rows = options.map(([option, { short, help, value }]) => {
    return [`  ${short === undefined ? "   " : `-${short},`} --${option}${value === undefined ? "" : ` ${value}`}`, help];
  });
  const positionals = (command.positionals ?? []).map((positional) => ` [${positional}]`).join("");
  return [
    `Usage: ./berth ${name}${positionals} [options]${command.rest === undefined ? "" : ` [--] [${command.rest}…]`}`,
    "",
    command.description,
    "",
    "Options:",
    ...table(["", ""], rows).split("\n").slice(1),
    "",
    command.examples.length === 1 ? "Example:" : "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
    "Exit codes:",
    ...command.exits.map((code) => `  ${String(code).padEnd(4)} ${exitMeanings[code] ?? ""}`),
  ].join("\n");
}
