import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fields, schema, secretFields } from "../config/settings.ts";

/**
 * The JSON schema of `Pulumi.<stack>.yaml`, with which editors complete and check it.
 *
 * `node dev/schema.ts` writes config/stack.schema.json; `--check` only says whether it is up to date, exit
 * code 1 when it is not. Draft 7, which the YAML language server knows best. The program itself
 * checks more, for example clashes: see problems.ts.
 */

const file = join(import.meta.dirname, "../config/stack.schema.json");

type Json = Record<string, unknown>;

const secret: Json = {
  type: "object",
  properties: { secure: { type: "string", description: "Encrypted by pulumi config set --secret." } },
  required: ["secure"],
  additionalProperties: false,
};

/** The schema as an object, in the order of settings.ts. */
export function stackSchema(): Json {
  const { properties } = withoutFormats(z.toJSONSchema(schema, { target: "draft-7", io: "input" })) as { properties: Json };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A stack of Berth",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: {
          ...Object.fromEntries(Object.keys(fields).map((name) => [`berth:${name}`, properties[name]])),
          ...Object.fromEntries(Object.entries(secretFields).map(([name, description]) => [`berth:${name}`, { description, ...secret }])),
        },
        patternProperties: {
          "^(?!berth:|pulumi:)[a-z][a-z0-9-]{0,29}:[A-Za-z_][A-Za-z0-9_]*$": {
            description: "A secret that the app.ts of the application names: pulumi config set --secret <app>:<NAME>.",
            ...secret,
          },
          "^pulumi:": { description: "A setting of Pulumi itself." },
        },
        additionalProperties: false,
      },
      encryptionsalt: { type: "string", description: "Written by Pulumi for the passphrase." },
      encryptedkey: { type: "string", description: "Written by Pulumi for a key service." },
      secretsprovider: { type: "string", description: "Written by Pulumi for a key service." },
    },
    additionalProperties: false,
  };
}

/** Each format has a pattern beside it; editors do not know all the names. */
function withoutFormats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFormats);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== "format" || typeof inner !== "string");
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutFormats(inner)]));
}

/** What the file must hold. */
export function schemaText(): string {
  return `${JSON.stringify(stackSchema(), null, 2)}\n`;
}

/** What is wrong with a stored schema, undefined when nothing is. */
export function staleness(stored: string | undefined): string | undefined {
  if (stored === undefined) return "config/stack.schema.json is missing. Write it: npm run schema";
  if (stored !== schemaText()) return "config/stack.schema.json is older than config/settings/. Write it anew: npm run schema";
  return undefined;
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const problem = staleness(existsSync(file) ? readFileSync(file, "utf8") : undefined);
    if (problem !== undefined) console.error(problem);
    process.exitCode = problem === undefined ? 0 : 1;
  } else {
    writeFileSync(file, schemaText());
  }
}
