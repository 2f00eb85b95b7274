import { z } from "zod";

/** Which applications an update applies. */
export interface Scope {
  /** Those that it applies. */
  apps: readonly string[];
  /** Those that the platform is made for: of the last update, and those of this one. */
  known: readonly string[];
}

const schema = z.strictObject({ apps: z.array(z.string()).min(1), known: z.array(z.string()) });

/**
 * What `./berth up <app>` says to the program, beside the `--target` that keeps the engine from taking the others away;
 * undefined where all are applied. Not for use by hand: plain `pulumi up` would take the others for gone.
 */
export function givenScope(environment: Record<string, string | undefined>): Scope | undefined {
  const given = environment["BERTH_SCOPE"];
  return given === undefined || given === "" ? undefined : schema.parse(JSON.parse(given));
}
