import { workerField, workersOf } from "../../components/app/workers.ts";
import type { AppDefinition } from "../../components/index.ts";
import { remove } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import { workerName, workerSize } from "../settings/apps.ts";
import type { AppSettings } from "../settings.ts";

/** Workers that an app.ts describes as none can be, and sizes in the stack file of workers that there are not. */
export function workerProblems(stack: string, apps: [string, AppSettings][], definitions: Record<string, AppDefinition>): Problem[] {
  return apps.flatMap(([name, app]) => {
    const definition = definitions[name];
    return definition === undefined ? [] : [...defined(definition, `apps/${app.folder ?? name}/app.ts`), ...unknown(stack, name, app, definition)];
  });
}

function defined({ live, ...definition }: AppDefinition, file: string): Problem[] {
  const wrong = (field: string, value: unknown, allowed: string): Problem => ({ field: `${field} of ${file}`, value: value === undefined ? "nothing" : JSON.stringify(value), allowed, fix: `correct it in ${file}` });
  const names = Object.keys(definition.workers ?? {});
  const misnamed = names.filter((worker) => !workerName.safeParse(worker).success).map((worker) => wrong("workers", worker, "names in small letters, digits and -, a letter first, at most 30"));
  const each = Object.entries(workersOf(definition)).flatMap(([role, { health, replicas, memory, cpus }]) => {
    const { error } = workerSize.safeParse({ replicas, memory, cpus });
    const given: Record<string, unknown> = { replicas, memory, cpus };
    const sizes = (error?.issues ?? []).map(({ path: [key = ""], message }) => wrong(`${workerField(role)}.${String(key)}`, given[String(key)], message));
    const isCommand = Array.isArray(health) && health.length > 0;
    return [...sizes, ...(isCommand ? [] : [wrong(`${workerField(role)}.health`, health, 'a command as a list, for example ["shop", "working"]')])];
  });
  const others = Object.keys(live?.workers ?? {}).filter((worker) => !names.includes(worker));
  return [...misnamed, ...each, ...others.map((worker) => wrong("live.workers", worker, `the names of workers: ${names.join(", ") || "it has none"}`))];
}

function unknown(stack: string, name: string, { worker, workers = {} }: AppSettings, definition: AppDefinition): Problem[] {
  const known = Object.keys(workersOf(definition)).map(workerField);
  const given = [...(worker === undefined ? [] : [["worker", worker] as const]), ...Object.entries(workers).map(([key, size]) => [`workers.${key}`, size] as const)];
  return given
    .filter(([key]) => !known.includes(key))
    .map(([key, size]) => {
      const field = `berth:apps.${name}.${key}`;
      return { field, value: JSON.stringify(size), allowed: `a worker of its app.ts: ${known.join(", ") || "it has none"}`, fix: `correct its name, or ${remove(stack, field)}` };
    });
}
