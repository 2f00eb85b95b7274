import { exitCodes, OpsError } from "../exit.ts";
import type { RunOptions } from "./deployer.ts";

/** Resources that are replaced though nothing has changed. */
export function replacing({ replace = [] }: RunOptions): string[] {
  return replace.flatMap((urn) => ["--replace", urn]);
}

/** Of a preview for its verdict alone. */
export function quiet({ signal, scope }: Pick<RunOptions, "signal" | "scope">): RunOptions {
  return { scope, ...(signal && { signal }) };
}

/** What a preview of some applications leaves out. */
export function excluded({ scope }: Pick<RunOptions, "scope">): string[] {
  return (scope?.others ?? []).flatMap((urn) => ["--exclude", urn]);
}

/** Nothing but these. */
export function targets(urns: readonly string[]): string[] {
  return urns.flatMap((urn) => ["--target", urn]);
}

/** So that a preview shows what leaves a stack whose data an earlier version protected. @throws OpsError (3) where the CLI has no such option */
export function ignoringProtection(version: string, stack: string): string {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major > 3 || minor >= 256) return "--ignore-protect";
  throw new OpsError(`an earlier version of Berth protected the data of what now leaves the stack "${stack}". Pulumi CLI ${version} can't show that in a preview, as 3.256 and later can; ./berth up does it with this one`, exitCodes.requirement);
}
