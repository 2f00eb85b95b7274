import * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "./definition.ts";

const reference = /\$\{(\w+)\}/g;

/** What an application is given beside its own secrets and settings, by name. */
export function givenNames({ database, cache }: Pick<AppDefinition, "database" | "cache">): string[] {
  return [
    ...(database === true ? ["POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "DATABASE_URL"] : []),
    ...(cache === true ? ["REDIS_HOST", "REDIS_PORT", "REDIS_USER", "REDIS_PREFIX", "REDIS_PASSWORD", "REDIS_URL"] : []),
  ];
}

/** The names that a text of `derived` refers to. */
export function referencesOf(text: string): string[] {
  return [...text.matchAll(reference)].map(([, name = ""]) => name);
}

/** The texts of `derived` with the values in them, as secrets; a name that nothing gives is an error of the definition. */
export function withDerived(derived: Record<string, string>, values: Record<string, pulumi.Input<string>>): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(derived).map(([name, text]) => {
      const used = Object.fromEntries(referencesOf(text).map((each) => [each, values[each] ?? ""]));
      return [name, pulumi.secret(pulumi.output(used).apply((known) => text.replaceAll(reference, (_, each: string) => known[each] ?? "")))];
    }),
  );
}
