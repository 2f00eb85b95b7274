import { visible } from "../preview/escape.ts";
import type { Prepared } from "./definition.ts";
import type { ImageFacts } from "./dockerfile.ts";

/** What was found, what is less hardened for it, what was assumed, and what only its owner can know. */
export function report({ definition, assumed, check }: Prepared, facts: ImageFacts, samples: string[]): string {
  const found = [
    `port ${definition.web?.port}, start ${JSON.stringify([...(facts.entrypoint ?? []), ...(facts.command ?? [])])}, base ${facts.base}`,
    ...(facts.health === undefined ? [] : [`HEALTHCHECK ${facts.health.join(" ")}`]),
    ...(facts.volumes.length === 0 ? [] : [`volumes ${facts.volumes.join(", ")}`]),
    ...(samples.length === 0 ? [] : [`variables in ${samples.join(", ")}`]),
    ...(definition.database === true ? ["a database: Postgres, by the variables that it names"] : []),
    ...(definition.cache === true ? ["a cache: Redis, by the variables that it names"] : []),
  ];
  const loose = Object.entries(definition.unprepared ?? {}).map(([field, value]) => `unprepared.${field}: ${Array.isArray(value) ? value.join(", ") : value}`);
  return [
    ...list("Found:", found),
    ...list("Less hardened, each with its reason in app.ts:", loose),
    ...list("Assumed:", assumed),
    ...list("Check:", check),
  ].join("\n");
}

function list(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  - ${visible(line)}`)];
}
