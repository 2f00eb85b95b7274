import type { AppDefinition } from "../../../components/index.ts";
import type { RawConfig } from "../../../config/problems.ts";

/** What a test writes into a stack file. */
export interface StackFile {
  /** Full keys to values as YAML would give them. */
  values?: Record<string, unknown>;
  /** Full keys to the plain values of secrets. */
  secrets?: Record<string, string>;
  environment?: Record<string, string>;
}

/** The application that the tests' stack files name. */
export const shop: AppDefinition = {
  context: "/apps/shop",
  web: { port: 3000, health: { path: "/health", command: ["shop", "health"] } },
  database: true,
  cache: true,
  secrets: { SHOP_KEY: "key that signs carts" },
};

/** A stack file as the Pulumi engine hands it over: text as it is, everything else as JSON. */
export function rawConfig({ values = {}, secrets = {}, environment = {} }: StackFile): RawConfig {
  const texts = Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return {
    stack: "dev",
    values: { ...(Object.fromEntries(texts) as Record<string, string>), ...secrets },
    isSecret: (key) => key in secrets,
    environment,
  };
}
