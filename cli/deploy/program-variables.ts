import type { RunOptions } from "./deployer.ts";

/**
 * How a command tells the program which applications are applied, what the release says of itself, and of which secrets
 * older values are taken out of the records. The first is always said: a variable that somebody exported must not count.
 */
export function programVariables({ scope, note, purge = [] }: Pick<RunOptions, "scope" | "note" | "purge">): Record<string, string> {
  return {
    BERTH_SCOPE: scope === undefined ? "" : JSON.stringify({ apps: scope.apps, known: scope.known }),
    ...(note !== undefined && { BERTH_RELEASE_NOTE: note }),
    ...(purge.length > 0 && { BERTH_PURGE_SECRETS: purge.join(",") }),
  };
}
