import { parseCron } from "../../components/app/cron.ts";
import { givenNames, referencesOf } from "../../components/app/derived.ts";
import { workerField, workersOf } from "../../components/app/workers.ts";
import type { AppDefinition, Schedule } from "../../components/index.ts";
import type { Problem } from "../problems.ts";
import type { AppSettings } from "../settings.ts";
import { metricProblems } from "./metrics.ts";

/** What an application's app.ts says that can't be, found before anything is made. */
export function definitionProblems(apps: [string, AppSettings][], definitions: Record<string, AppDefinition>): Problem[] {
  return apps.flatMap(([name, { folder = name }]) => {
    const file = `apps/${folder}/app.ts`;
    const definition = definitions[name];
    if (definition === undefined) return [];
    return [...metricProblems(definition, file), ...Object.entries(definition.schedules ?? {}).flatMap(([schedule, entry]) => scheduleProblems(`schedules.${schedule}`, entry, file)), ...contextProblems(definition, file), ...commandProblems(definition, file), ...derivedProblems(definition, file), ...webProblems(definition, file)];
  });
}

function scheduleProblems(field: string, { cron, timeZone = "UTC" }: Schedule, file: string): Problem[] {
  return [
    ...refused(() => parseCron(cron)).map((allowed) => ({ field: `${field}.cron of ${file}`, value: `"${cron}"`, allowed, fix: `correct it in ${file}` })),
    ...refused(() => new Intl.DateTimeFormat("en", { timeZone })).map(() => ({
      field: `${field}.timeZone of ${file}`,
      value: `"${timeZone}"`,
      allowed: "a name of the IANA time zone database, for example Europe/Vienna",
      fix: `correct it in ${file}`,
    })),
  ];
}

/** An address would show its login to everybody, and a builder takes the Dockerfile of its folder alone. */
function contextProblems({ context, dockerfile }: AppDefinition, file: string): Problem[] {
  if (!/^https?:\/\//.test(context)) return [];
  const { username, password } = URL.parse(context) ?? {};
  return [
    ...(username || password ? [{ field: `context of ${file}`, value: "an address with a login", allowed: "an address without one", fix: `take it out in ${file}, and change the login, which others may have seen` }] : []),
    ...(dockerfile === undefined ? [] : [{ field: `dockerfile of ${file}`, value: `"${dockerfile}"`, allowed: "nothing where context is a git address, whose builder takes the Dockerfile of that folder", fix: `name its folder at the end of context, as \`…git#<commit>:<folder>\`, in ${file}` }]),
  ];
}

/** Without them the secrets could not be set before the program starts. */
function commandProblems({ web, unprepared, ...definition }: AppDefinition, file: string): Problem[] {
  if (unprepared?.plainSecrets !== true) return [];
  const workers = Object.entries(workersOf(definition)).map(([role, worker]) => [workerField(role), worker] as const);
  return [["web", web] as const, ...workers].flatMap(([process, entry]) =>
    entry === undefined || entry.command !== undefined
      ? []
      : { field: `${process}.command of ${file}`, value: "nothing", allowed: "the image's ENTRYPOINT and CMD in one list, since unprepared.plainSecrets is true", fix: `add it in ${file}` },
  );
}

/** References to what the application is not given. */
function derivedProblems(definition: AppDefinition, file: string): Problem[] {
  const names = givenNames(definition);
  return Object.entries(definition.derived ?? {}).flatMap(([name, text]) =>
    referencesOf(text).filter((each) => !names.includes(each)).map((each) => ({
      field: `derived.${name} of ${file}`,
      value: `\${${each}}`,
      allowed: names.length === 0 ? "what `database: true` or `cache: true` gives, and it has neither" : `one of ${names.join(", ")}`,
      fix: `correct it in ${file}`,
    })),
  );
}

/** Headers and ports of the web server that Traefik can't set or reach. */
function webProblems({ web }: AppDefinition, file: string): Problem[] {
  const wrong = (field: string, value: unknown, allowed: string): Problem => ({ field: `web.${field} of ${file}`, value: JSON.stringify(value), allowed, fix: `correct it in ${file}` });
  const headers = Object.entries(web?.headers ?? {}).flatMap(([name, value]) => [
    ...(/^[A-Za-z0-9-]+$/.test(name) ? [] : [wrong("headers", name, "names of response headers: letters, digits and -")]),
    ...(value === false || (typeof value === "string" && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)) ? [] : [wrong(`headers.${name}`, value, "text of ASCII in one line, or false for what the application itself sends")]),
  ]);
  const ports = Object.entries(web?.ports ?? {}).flatMap(([name, port]) => [
    ...(/^[a-z][a-z0-9-]{0,29}$/.test(name) ? [] : [wrong("ports", name, "names in small letters, digits and -, a letter first, at most 30")]),
    ...(Number.isInteger(port) && port >= 1 && port <= 65_535 && port !== web?.port ? [] : [wrong(`ports.${name}`, port, `a whole number from 1 to 65535, other than web.port, ${web?.port}`)]),
  ]);
  const limit = web?.bodyLimit;
  const bodies = limit === undefined || (Number.isInteger(limit) && limit >= 1 && limit <= 1_048_576) ? [] : [wrong("bodyLimit", limit, "a whole number of MiB from 1 to 1048576")];
  return [...headers, ...ports, ...bodies];
}

/** The message of what is thrown; none where nothing is. */
function refused(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
