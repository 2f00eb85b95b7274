import { writeFileSync } from "node:fs";
import type { Parsed } from "../arguments.ts";
import { type Context, stackOf } from "../command.ts";
import { command as up } from "../deploy/up.ts";
import { exitCodes } from "../exit.ts";
import { type FileChange, withFile } from "./with-file.ts";

export interface Told {
  /** The applications that the change is of. */
  apps: readonly string[];
  /** What the work is called when it fails, for example `scaling`. */
  work: string;
  /** What the stack file then has, in words; `now` once it is applied. */
  has: string;
  now?: string;
  /** With `--json`, where it is only written. */
  json: Record<string, unknown>;
}

/** Writes another text into a stack file and applies it by up of some applications; with `--no-up` it is left to a later up. */
export async function applyFile(context: Context, parsed: Parsed, change: FileChange, { apps, work, has, now = has, json }: Told): Promise<number> {
  const { terminal } = context;
  const stack = stackOf(context, parsed);
  const isOther = change.after !== change.before;
  if (parsed.flags["no-up"]) {
    if (isOther) writeFileSync(change.path, change.after);
    if (parsed.flags["json"]) terminal.json({ stack, ...json });
    else terminal.result(`Pulumi.${stack}.yaml has ${has}; apply it by ./berth up ${apps.join(" ")} -s ${stack}`);
    return exitCodes.ok;
  }
  const code = await withFile(change, work, () => up.run(context, { ...parsed, positionals: [...apps] }));
  if (isOther) terminal.line(`Pulumi.${stack}.yaml has ${now}: commit it, or the next deploy from git undoes it`);
  return code;
}
