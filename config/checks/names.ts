import { workerField, workersOf } from "../../components/app/workers.ts";
import type { AppDefinition } from "../../components/index.ts";
import type { Problem } from "../problems.ts";
import type { AppSettings } from "../settings.ts";

/** A thing of an application whose name is put together of the application's and its own. */
interface Named {
  /** Things of one kind never share a name. */
  kind: string;
  name: string;
  field: string;
  file: string;
}

/**
 * Two applications that would make one thing: the volume `c` of `a-volume-b` and the volume `b-volume-c` of `a`, or the job
 * `b-migrate` of `a` and the job `migrate` of `a-b`; likewise the worker `web` of `a` and the web server of `a-worker`.
 */
export function nameProblems(apps: [string, AppSettings][], definitions: Record<string, AppDefinition>): Problem[] {
  const first = new Map<string, Named>();
  return apps.flatMap(([app, settings]) => namesOf(app, settings, definitions[app])).flatMap((named): Problem[] => {
    const key = `${named.kind} ${named.name}`;
    const taken = first.get(key);
    first.set(key, taken ?? named);
    if (taken === undefined) return [];
    return [
      {
        field: `${named.field} of ${named.file}`,
        value: `the ${named.kind} "${named.name}" together with its application's name, as is ${taken.field} of ${taken.file}`,
        allowed: `a name that with its application's is no other ${named.kind}'s`,
        fix: `give one of the two another name; that of a volume that has data stays, as its data is under it`,
      },
    ];
  });
}

function namesOf(app: string, { folder = app, live }: AppSettings, definition: AppDefinition | undefined): Named[] {
  const file = `apps/${folder}/app.ts`;
  const of = (kind: string, field: string, things: object | undefined, middle = "") => Object.keys(things ?? {}).map((thing) => ({ kind, name: `${app}-${middle}${thing}`, field: `${field}.${thing}`, file }));
  const { web, metrics } = definition ?? {};
  // Each has a name on networks that Prometheus is on; its own is that of the metrics.
  const processes = [
    ...(web === undefined ? [] : [["web", "web"] as const]),
    ...(metrics === undefined ? [] : [["metrics", "metrics"] as const]),
    ...Object.keys(workersOf(definition ?? {})).map((role) => [workerField(role), role] as const),
  ];
  return [
    ...of("volume", "volumes", definition?.volumes, "volume-"),
    ...(live === true ? of("volume", "live.caches", definition?.live?.caches, "cache-") : []),
    ...of("job", "jobs", definition?.jobs),
    ...of("schedule", "schedules", definition?.schedules),
    ...processes.map(([field, process]) => ({ kind: "container", name: `${app}-${process}`, field, file })),
  ];
}
