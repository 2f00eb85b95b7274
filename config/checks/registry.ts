import { remove, set } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** A registry of the stack's own listens on 127.0.0.1 of its Docker host, where this machine can't push to. */
export function registryProblems(stack: string, { docker, registry }: Partial<Settings>): Problem[] {
  if (docker === undefined || docker.startsWith("unix://") || registry === undefined || !("port" in registry)) return [];
  return [
    {
      field: "berth:registry",
      value: `one of the stack's own, on port ${registry.port} of ${docker}`,
      allowed: "a registry that both this machine and the Docker host reach: {host, owner, username}",
      fix: `${set(stack, "berth:registry.host", "ghcr.io")}, the same for owner and username, and ${remove(stack, "berth:registry.port")}`,
    },
  ];
}
