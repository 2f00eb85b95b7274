import { archiveSettings } from "../../components/postgres/backup-config.ts";
import { keptConnections, renderPostgresConf, sharedBuffers, shareOf } from "../../components/postgres/postgres-config.ts";
import type { AppDefinition } from "../../components/index.ts";
import { remove, set } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import known from "../settings/postgres-settings.json" with { type: "json" };
import type { AppSettings, Settings } from "../settings.ts";
import { mebibytes } from "../settings/values.ts";
import { sizesOf } from "../sizes.ts";
import { type Allowed, bytesOf, notAllowed } from "./postgres-value.ts";

const allowed = known as Record<string, Allowed>;
/** Those that Berth writes itself. */
const own = new Set([...renderPostgresConf({ memory: 512, connections: 100 }).matchAll(/^(\w+) =/gm)].map(([, name = ""]) => name).concat(Object.keys(archiveSettings)));
/** MiB of its own that a connection takes, measured of idle ones that have read two tables by an index. One that sorts takes more. */
const connectionMemory = 1.5;
/** Of these no single one may take more than a quarter of the memory. */
const portions = ["work_mem", "temp_buffers", "wal_buffers", "autovacuum_work_mem", "logical_decoding_work_mem", "vacuum_buffer_usage_limit"];

/** Settings that Postgres would not start with, or that are Berth's; and connections that its memory can't hold, or that applications' pools use up. */
export function postgresProblems(stack: string, apps: [string, AppSettings][], definitions: Record<string, AppDefinition>, { postgres }: Partial<Settings>): Problem[] {
  if (postgres === undefined) return [];
  return [...settingProblems(stack, postgres), ...memoryProblems(stack, postgres), ...poolProblems(stack, apps, definitions, postgres)];
}

function settingProblems(stack: string, { settings = {}, memory }: Settings["postgres"]): Problem[] {
  const most = Math.floor(mebibytes(memory) / 4);
  return Object.entries(settings).flatMap(([name, value]): Problem[] => {
    const field = `berth:postgres.settings.${name}`;
    const wrong = (text: string, fix: string): Problem[] => [{ field, value: JSON.stringify(value), allowed: text, fix }];
    if (own.has(name)) return wrong("nothing: Berth sets it itself, of berth:postgres.memory, connections and backup where it depends on one", remove(stack, field));
    const rule = allowed[name];
    if (rule === undefined) return wrong("a setting of docs/configuration.md#settings-of-postgres, for example work_mem", remove(stack, field));
    const instead = notAllowed(rule, value);
    if (instead !== undefined) return wrong(instead, set(stack, field, "<value>"));
    const bytes = portions.includes(name) ? bytesOf(rule, value) : undefined;
    if (bytes === undefined || bytes <= most * 1024 ** 2) return [];
    return wrong(`at most ${most}MB, a quarter of berth:postgres.memory`, `${set(stack, field, `${most}MB`)}, or raise berth:postgres.memory`);
  });
}

/** Connections beside shared buffers, which are a quarter of the memory. */
function memoryProblems(stack: string, { memory, connections }: Settings["postgres"]): Problem[] {
  const [total, field] = [mebibytes(memory), "berth:postgres.connections"];
  const most = Math.floor((total - sharedBuffers(total)) / connectionMemory);
  if (connections <= most) return [];
  return [
    {
      field,
      value: `${connections}`,
      allowed: `at most ${most}: berth:postgres.memory is ${memory}, of which a quarter are shared buffers, and each connection takes ${connectionMemory} MiB or more`,
      fix: `${set(stack, field, `${most}`)}, or ${set(stack, "berth:postgres.memory", `${Math.ceil((connections * connectionMemory * 4) / 3)}MiB`)}`,
    },
  ];
}

/** What the pools of all containers take once each is full: those of one application of its share, those of all of the server's. */
function poolProblems(stack: string, apps: [string, AppSettings][], definitions: Record<string, AppDefinition>, { connections }: Settings["postgres"]): Problem[] {
  const free = connections - keptConnections.superuser - keptConnections.monitoring;
  const pools = apps.flatMap(([name, app]) => {
    const definition = definitions[name];
    return definition?.database !== true || definition.pool === undefined ? [] : [{ name, app, containers: containersOf(app, definition), pool: definition.pool }];
  });
  const each = pools.flatMap(({ name, app, containers, pool }): Problem[] => {
    const limit = app.connections ?? shareOf(connections);
    const wanted = containers * pool;
    if (wanted <= limit) return [];
    const field = `berth:apps.${name}.connections`;
    const value = app.connections === undefined ? `${limit}, half of what berth:postgres.connections leaves` : `${limit}`;
    return [{ field, value, allowed: `at least ${wanted}: ${containers} containers with a pool of ${pool} each, by its app.ts`, fix: `${set(stack, field, `${wanted}`)}, or fewer replicas` }];
  });
  const all = pools.reduce((sum, { containers, pool }) => sum + containers * pool, 0);
  if (all <= free || each.length > 0) return each;
  const field = "berth:postgres.connections";
  const told = pools.map(({ name, containers, pool }) => `${name} ${containers} × ${pool}`).join(", ");
  return [{ field, value: `${connections}`, allowed: `at least ${all + connections - free}: the pools of the applications take ${all} (${told}), and ${connections - free} are kept for the superuser and the monitoring`, fix: set(stack, field, `${all + connections - free}`) }];
}

/** Containers that run all the time. */
function containersOf(app: AppSettings, definition: AppDefinition): number {
  const { replicas, workers } = sizesOf(app, definition);
  return (definition.web === undefined ? 0 : replicas) + Object.values(workers).reduce((sum, worker) => sum + worker.replicas, 0);
}
