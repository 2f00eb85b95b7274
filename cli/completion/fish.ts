import { appsOf, type Completed, type CompletedOption } from "./completed.ts";

/** The script for fish, with what each command and option is for. Pure. */
export function fish(commands: readonly Completed[]): string {
  return [
    "# Completion of berth for fish.",
    "function __berth_folder; dirname (realpath (command -s (commandline -opc)[1]; or echo (commandline -opc)[1])); end",
    "function __berth_stacks; string replace -r '.*/Pulumi\\.(.+)\\.yaml$' '$1' (__berth_folder)/Pulumi.*.yaml; end",
    "function __berth_apps",
    "  set -l words (commandline -opc)",
    "  set -l stack dev",
    "  if set -q BERTH_STACK; and test -n \"$BERTH_STACK\"; set stack $BERTH_STACK; end",
    "  set -l at (contains -i -- -s $words; or contains -i -- --stack $words)",
    "  if test -n \"$at\"; set stack $words[(math $at + 1)]; end",
    `  ${appsOf} (__berth_folder)/Pulumi.$stack.yaml 2>/dev/null`,
    "end",
    "complete -c berth -f -n __fish_use_subcommand -l help -d 'all commands'",
    "complete -c berth -f -n __fish_use_subcommand -l version -d \"Berth's own version\"",
    ...commands.flatMap((command) => [
      `complete -c berth -f -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
      ...command.options.map((option) => `complete -c berth -n ${at(command.name)}${optionWords(option)} -d ${quoted(option.help)}`),
      ...(command.actions.length === 0 ? [] : [`complete -c berth -f -n ${quoted(`__fish_seen_subcommand_from ${command.name}; and not __fish_seen_subcommand_from ${command.actions.join(" ")}`)} -a ${quoted(command.actions.join(" "))}`]),
      ...command.names.map((names) => `complete -c berth -f -n ${at(command.name)} -a '(__berth_${names})'`),
    ]),
  ].join("\n");
}

function at(command: string): string {
  return quoted(`__fish_seen_subcommand_from ${command}`);
}

function optionWords({ name, short, value }: CompletedOption): string {
  const words = [...(short === undefined ? [] : [` -s ${short}`]), ` -l ${name}`];
  if (value === undefined) return `${words.join("")} -f`;
  if (value === "any") return `${words.join("")} -r`;
  return `${words.join("")} -x -a ${value === "stack" ? "'(__berth_stacks)'" : quoted(value.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
