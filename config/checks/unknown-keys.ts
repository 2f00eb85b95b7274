import type { AppDefinition } from "../../components/index.ts";
import { discreetly, parsed, type Problem, type RawConfig } from "../problems.ts";
import { fields, secretFields } from "../settings.ts";

/** Keys that nothing reads, most often misspelt ones. */
export function unknownKeys(raw: RawConfig, definitions: Record<string, AppDefinition>): Problem[] {
  const known = new Set([
    ...[...Object.keys(fields), ...Object.keys(secretFields)].map((name) => `berth:${name}`),
    ...Object.entries(definitions).flatMap(([app, { secrets, buildSecrets }]) => Object.keys({ ...secrets, ...buildSecrets }).map((s) => `${app}:${s}`)),
  ]);
  return Object.keys(raw.values)
    .filter((key) => !known.has(key) && !key.startsWith("pulumi:"))
    .map((key) => ({
      field: key,
      value: raw.isSecret(key) ? "[secret]" : discreetly(key, parsed(raw.values[key])),
      allowed: `a key that the stack reads: ${[...known].filter((k) => k.split(":")[0] === key.split(":")[0]).join(", ") || `none begins with ${key.split(":")[0]}:`}`,
      fix: `correct its spelling, or pulumi config rm -s ${raw.stack} ${key}`,
    }));
}
