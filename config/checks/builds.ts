import { remove } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** Quick builds in a stack whose images are, or are for, production. */
export function buildProblems(stack: string, { builds, environment, registry }: Partial<Settings>): Problem[] {
  if (builds !== "quick") return [];
  const field = "berth:builds";
  const problem = (allowed: string): Problem => ({ field, value: '"quick"', allowed, fix: remove(stack, field) });
  if (environment !== "dev") return [problem('"careful" only, but where berth:environment is dev')];
  if (registry === undefined || "port" in registry) return [];
  return [problem(`"careful" only, as others can run what is pushed to ${registry.host}; "quick" is for a stack with a registry of its own (berth:registry.port)`)];
}
