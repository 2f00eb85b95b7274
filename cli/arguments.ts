import { parseArgs } from "node:util";
import { usageError } from "./exit.ts";

export interface Option {
  type: "string" | "boolean";
  short?: string;
  /** What stands for the value in the help text, for example `<name>`. */
  value?: string;
  choices?: readonly string[];
  /** May be given more than once: its values are in `lists`. @default false */
  many?: boolean;
  help: string;
}

export interface Parsed {
  flags: Record<string, boolean>;
  values: Record<string, string>;
  /** Values of options that may be given more than once, in their order. */
  lists?: Record<string, string[]>;
  positionals: string[];
  /** What was given for `rest`, as it was typed; undefined for a command that takes none. */
  rest?: string[];
}

export interface Syntax {
  /** Words that may precede the first option, for example `up` or `images lock`. */
  name: string;
  options: Record<string, Option>;
  /** Names of the positional arguments, at most so many may be given; any number where the last one ends in `…`. */
  positionals?: readonly string[];
  /** What is passed on as it is: all after `--`, or from the first word beyond the positional arguments. */
  rest?: string;
}

/**
 * Reads a command's arguments; `--name value`, `--name=value` and `-n value` are the same.
 *
 * @example
 * parseArguments({ name: "exec", options: { stack }, positionals: ["app"], rest: "command" }, ["root", "-s", "prod", "ls", "-l"]);
 * // { flags: {}, values: { stack: "prod" }, positionals: ["root"], rest: ["ls", "-l"] }
 *
 * @throws OpsError (2) for an unknown option, naming the closest, a value that is missing or not allowed.
 */
export function parseArguments(syntax: Syntax, args: string[]): Parsed {
  const { own, rest } = divide(syntax, args);
  const tokens = tokensOf(syntax, own);
  const parsed: Parsed = { flags: {}, values: {}, positionals: [], ...(rest !== undefined && { rest }) };
  for (const token of tokens) {
    if (token.kind === "positional") parsed.positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = syntax.options[token.name];
    if (option === undefined) throw usageError(unknown(syntax, token.rawName));
    if (option.type === "boolean") {
      if (token.value !== undefined) throw usageError(`${token.rawName} takes no value, but was given "${token.value}"`);
      parsed.flags[token.name] = true;
    } else if (option.many === true) ((parsed.lists ??= {})[token.name] ??= []).push(valueOf(option, token.rawName, token.value));
    else parsed.values[token.name] = valueOf(option, token.rawName, token.value);
  }
  const most = syntax.positionals?.at(-1)?.endsWith("…") === true ? Infinity : (syntax.positionals?.length ?? 0);
  if (parsed.positionals.length > most) {
    const extra = parsed.positionals[most] ?? "";
    throw usageError(`"${extra}" is one argument too many: berth ${syntax.name} takes ${most === 0 ? "none" : syntax.positionals?.join(", ")}`);
  }
  return parsed;
}

/** The command's own arguments, and those that it passes on. */
export function divide(syntax: Syntax, args: string[]): { own: string[]; rest?: string[] } {
  if (syntax.rest === undefined) return { own: args };
  let left = syntax.positionals?.length ?? 0;
  for (const token of tokensOf(syntax, args)) {
    if (token.kind === "option-terminator") return { own: args.slice(0, token.index), rest: args.slice(token.index + 1) };
    if (token.kind === "positional" && left-- === 0) return { own: args.slice(0, token.index), rest: args.slice(token.index) };
  }
  return { own: args, rest: [] };
}

function tokensOf(syntax: Syntax, args: string[]) {
  const options = Object.fromEntries(
    Object.entries(syntax.options).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
  );
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

function valueOf(option: Option, name: string, value: string | undefined): string {
  if (value === undefined || value === "") throw usageError(`${name} needs a value: ${name} ${option.value ?? "<value>"}`);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw usageError(`${name} is "${value}", but must be one of ${option.choices.join(", ")}`);
  }
  return value;
}

function unknown(syntax: Syntax, given: string): string {
  const known = Object.keys(syntax.options).map((name) => `--${name}`);
  const near = closest(given, known);
  const hint = near === undefined ? `see berth ${syntax.name} --help` : `did you mean ${near}?`;
  return `berth ${syntax.name} has no option ${given}: ${hint}`;
}

/** The candidate with the fewest edits from what was typed, if it is close enough to be meant. */
export function closest(given: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(given.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, letter] of a.split("").entries()) {
    const next = [index + 1];
    for (const [column, other] of b.split("").entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
