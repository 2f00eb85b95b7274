import { visible } from "../preview/escape.ts";
import type { Found, Prepared } from "./definition.ts";
import { originOf } from "./origin.ts";

/** What was found, what is less hardened for it, what was assumed, and what only its owner can know. */
export function report({ definition, assumed, check }: Prepared, { facts, dockerfile, environment }: Pick<Found, "facts" | "dockerfile" | "environment">, samples: string[]): string {
  const { of, base } = originOf(dockerfile);
  const { health, volumes, stopSignal } = facts;
  const found = [
    `port ${definition.web?.port}, base ${base}`,
    `start ${JSON.stringify([...facts.entrypoint, ...facts.command])} in ${facts.directory}${of(facts.entrypoint.length > 0 ? "ENTRYPOINT" : "CMD")}`,
    ...(health === undefined ? [] : [`HEALTHCHECK ${health.command.join(" ")}${of("HEALTHCHECK")}`]),
    ...(volumes.length === 0 ? [] : [`volumes ${volumes.join(", ")}${of("VOLUME")}`]),
    ...(stopSignal === undefined ? [] : [`it stops by ${stopSignal}${of("STOPSIGNAL")}`]),
    ...(samples.length === 0 ? [] : [`variables in ${samples.join(", ")}`]),
    ...(environment.database ? ["a database: Postgres, by the variables that it names"] : []),
    ...(environment.cache ? ["a cache: Redis, by the variables that it names"] : []),
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
