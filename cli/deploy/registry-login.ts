import { types } from "../../pulumi/resource-types.ts";
import type { Deployment } from "./stack-state.ts";

export interface Login {
  username: string;
  password: string;
}

/**
 * The login for a registry among the settings of the providers, in a state with plain secrets. A stack that builds
 * nothing, as all of it was promoted, has no image that was pushed.
 */
export function loginOf(deployment: Deployment, address: string): Login | undefined {
  const found = (deployment.resources ?? [])
    .filter(({ type, delete: gone }) => type === types.dockerProvider && gone !== true)
    .flatMap(({ inputs }) => {
      // A provider's settings are texts: a list is one in JSON.
      const text = plain(inputs?.["registryAuth"]);
      return typeof text === "string" ? (JSON.parse(text) as Partial<Login & { address: string }>[]) : [];
    })
    .find((registry) => registry.address === address);
  if (found?.username === undefined || found.password === undefined) return undefined;
  return { username: found.username, password: found.password };
}

/** `stack export --show-secrets` wraps each secret as JSON text beside a signature. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("plaintext" in value)) return value;
  return JSON.parse(String(value.plaintext));
}
