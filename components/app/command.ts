import type { AppDefinition } from "./definition.ts";
import { secretsDirectory } from "./needs.ts";
import { busybox, shell } from "../docker/tools.ts";

/** Whether a definition needs {@link Tools} in its containers. */
export function wantsTools({ web, schedules, unprepared }: AppDefinition): boolean {
  return (web !== undefined && web.health.command === undefined) || Object.keys(schedules ?? {}).length > 0 || unprepared?.plainSecrets === true;
}

/** A command whose environment has the secrets' values, for an image that reads no files. */
export function withSecrets({ unprepared }: AppDefinition, command: string[]): string[] {
  if (unprepared?.plainSecrets !== true) return command;
  const script = `for file in ${secretsDirectory}/*; do export "\${file##*/}=$(cat "$file")"; done; exec "$@"`;
  return [shell, "-ec", script, "sh", ...command];
}

/** A health check by Berth's own wget. */
export function requestTo(port: number, path: string): string[] {
  return [busybox, "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`];
}
