import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { parseEnv } from "node:util";
import { closest } from "../arguments.ts";
import type { Context } from "../command.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { wantedIn } from "./secret-list.ts";
import { writeSecrets } from "./secure-values.ts";

/** What an import made of each line of a `.env` file, by name. */
export interface Imported {
  /** Full key to value. */
  values: Record<string, string>;
  /** Names that the application reads as no secret. */
  unknown: string[];
  /** Names that it reads, without a value. */
  empty: string[];
}

/** @param of Whose secrets they are: an application, or `berth`. @param file Path; none or `-` is standard input. */
export async function importSecrets(context: Context, stack: string, [of, file]: readonly string[], json: boolean): Promise<void> {
  const { project, terminal } = context;
  const known = ["berth", ...Object.keys(project.applications(stack))];
  if (of === undefined || !known.includes(of)) throw usageError(whose(stack, of, known));
  const { values, unknown, empty } = sorted(of, await read(file), (await wantedIn(context, stack)).map(({ key }) => key));
  for (const value of Object.values(values)) terminal.redactor.hide(value);
  const keys = Object.keys(values);
  const left = [
    ...(unknown.length === 0 ? [] : [`not taken, as ${of === "berth" ? "Berth reads" : `the app.ts of ${of} names`} no such secret: ${unknown.join(", ")}${of === "berth" ? "" : `. A setting that is no secret belongs under berth:apps.${of}.env`}`]),
    ...(empty.length === 0 ? [] : [`not taken, as they are empty: ${empty.join(", ")}`]),
  ];
  if (keys.length === 0) throw new OpsError([`nothing was imported into Pulumi.${stack}.yaml`, ...left].join("\n"));
  const source = await writeSecrets(context, stack, values);
  for (const line of left) terminal.line(line);
  if (json) terminal.json({ stack, set: keys, unknown, empty });
  else terminal.result(`${keys.join(", ")} ${keys.length === 1 ? "is" : "are"} set in Pulumi.${stack}.yaml, encrypted with ${source}; apply by ./berth up -s ${stack}`);
}

/** Pure. @param wanted Full keys of all that the stack reads. */
export function sorted(of: string, text: string, wanted: readonly string[]): Imported {
  const result: Imported = { values: {}, unknown: [], empty: [] };
  for (const [name, value = ""] of Object.entries(parseEnv(text))) {
    const key = `${of}:${name}`;
    if (!wanted.includes(key)) result.unknown.push(name);
    else if (value === "") result.empty.push(name);
    else result.values[key] = value;
  }
  return result;
}

function whose(stack: string, of: string | undefined, known: readonly string[]): string {
  if (of === undefined) return `whose secrets? ./berth secret import <app> [file]; stack "${stack}" has ${known.join(", ")}`;
  const near = closest(of, known);
  return `"${of}" is no application of stack "${stack}": ${near === undefined ? `it has ${known.join(", ")}` : `did you mean ${near}?`}`;
}

async function read(file: string | undefined): Promise<string> {
  if (file === undefined || file === "-") {
    if (process.stdin.isTTY) throw usageError("berth secret import reads a file, or standard input: ./berth secret import <app> .env, or ./berth secret import <app> < .env");
    return textOf(process.stdin);
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(`${file} can't be read: ${messageOf(error)}`);
  }
}
