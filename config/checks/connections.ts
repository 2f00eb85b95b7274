import { keptConnections } from "../../components/postgres/postgres-config.ts";
import type { AppDefinition } from "../../components/index.ts";
import { remove, set } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { AppSettings, Settings } from "../settings.ts";

/** Connections of applications that the server can't give, or that nobody needs. */
export function connectionProblems(stack: string, apps: [string, AppSettings][], definitions: Record<string, AppDefinition>, { postgres }: Partial<Settings>): Problem[] {
  return apps.flatMap(([name, { connections }]): Problem[] => {
    const definition = definitions[name];
    if (connections === undefined || definition === undefined) return [];
    const field = `berth:apps.${name}.connections`;
    if (definition.database !== true) return [{ field, value: `${connections}`, allowed: "nothing where the application has no database", fix: remove(stack, field) }];
    if (postgres === undefined) return [];
    const kept = keptConnections.superuser + keptConnections.monitoring;
    const most = postgres.connections - kept;
    if (connections <= most) return [];
    const allowed = `at most ${most}: berth:postgres.connections is ${postgres.connections}, of which ${kept} are kept for the superuser and the monitoring`;
    return [{ field, value: `${connections}`, allowed, fix: `${set(stack, field, `${most}`)}, or raise berth:postgres.connections` }];
  });
}
