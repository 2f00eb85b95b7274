import type { Option } from "../arguments.ts";
import type { Command, Commands } from "../command.ts";

/** What of a command a shell completes. */
export interface Completed {
  name: string;
  summary: string;
  options: CompletedOption[];
  /** Words that stand first. @default none */
  actions: readonly string[];
  /** What the names after it are of; of none the shell completes files. */
  names: readonly ("apps" | "stacks")[];
}

export interface CompletedOption {
  name: string;
  short?: string;
  help: string;
  /** What follows it: a word of these, a stack, or something that the shell completes by itself. @default nothing */
  value?: readonly string[] | "stack" | "any";
}

/** Of every command, in the order of the overview. */
export async function completed(commands: Commands): Promise<Completed[]> {
  return Promise.all(Object.entries(commands).map(async ([name, { load }]) => completedOf(name, (await load()).command)));
}

/** Pure. */
export function completedOf(name: string, { summary, options, positionals = [], actions = [] }: Pick<Command, "summary" | "options" | "positionals" | "actions">): Completed {
  const known: [string, Option][] = [...Object.entries(options), ["help", { type: "boolean", short: "h", help: "how it is used" }]];
  const names = positionals.flatMap((positional) => (positional.startsWith("app") ? ["apps" as const] : ["stack", "from", "to"].includes(positional) ? ["stacks" as const] : []));
  return { name, summary, options: known.map(([option, details]) => optionOf(option, details)), actions, names: [...new Set(names)] };
}

function optionOf(name: string, { short, help, type, choices }: Option): CompletedOption {
  const value = type === "boolean" ? undefined : (choices ?? (name === "stack" ? "stack" : "any"));
  return { name, help, ...(short !== undefined && { short }), ...(value !== undefined && { value }) };
}

/** Every way in which an option is typed. */
export function forms({ name, short }: CompletedOption): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

/** Every form of the options that something follows, which is then no name. */
export function valued(commands: readonly Completed[]): string[] {
  return [...new Set(commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined).flatMap(forms)))];
}

/** Prints the names of the applications of a stack file, as `./berth` and its tests write it, two spaces deeper each time. */
export const appsOf = String.raw`awk '/^  (berth:)?apps:/ { on = 1; next } on && /^  [^ #]/ { exit } on && match($0, /^    [a-z][a-z0-9-]*:/) { print substr($0, 5, RLENGTH - 5) }'`;
