import { types } from "../../pulumi/resource-types.ts";
import type { Deployment } from "./stack-state.ts";

/** Passwords that a stack generated, and their hashes, in a state whose secrets are in plain text. */
export function generatedIn({ resources = [] }: Deployment): string[] {
  return resources.filter(({ type }) => type === types.password).flatMap(({ outputs = {} }) => ["result", "bcryptHash"].flatMap((name) => plain(outputs[name])));
}

/** `{ plaintext: <JSON> }`, as `stack export --show-secrets` has it. */
function plain(value: unknown): string[] {
  const text = typeof value === "object" && value !== null && "plaintext" in value ? (JSON.parse(String(value.plaintext)) as unknown) : value;
  return typeof text === "string" ? [text] : [];
}
