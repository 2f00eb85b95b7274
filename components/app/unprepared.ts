import type { Unprepared } from "./definition.ts";
import type { Loosening } from "../docker/hardening.ts";

/** What a container may do that its image can't do without. */
export function looseningOf({ capabilities, writableRoot }: Unprepared): Loosening {
  return { ...(capabilities !== undefined && { capabilities }), ...(writableRoot !== undefined && { writableRoot }) };
}

/** What of the hardening is switched off, a line each, for the preview. */
export function loosened(unprepared: Unprepared): string[] {
  const { root = false, capabilities = [], writableRoot = false, plainSecrets = false, allKeys = false } = unprepared;
  return [
    ...(root ? ["unprepared.root: its processes run as root"] : []),
    ...(capabilities.length > 0 ? [`unprepared.capabilities: it keeps ${capabilities.join(", ")}`] : []),
    ...(writableRoot ? ["unprepared.writableRoot: it may change its own programs"] : []),
    ...(plainSecrets ? ["unprepared.plainSecrets: its secrets are variables of its processes"] : []),
    ...(allKeys ? ["unprepared.allKeys: it may read and change the keys of every application in Redis"] : []),
  ];
}
