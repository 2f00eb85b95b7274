import { type Deployment, realResources } from "../deploy/stack-state.ts";
import type { Drift } from "../drift/finding.ts";
import type { Changes } from "../releases/changes.ts";
import { type Accepted, acceptedIn } from "./accepted.ts";
import { type HandChange, handChanges } from "./by-hand.ts";
import { type Capacity, capacityOf, type Host } from "./capacity.ts";
import { environmentChanges, type FilesChange, filesChanges, type KeyChange } from "./configuration.ts";
import { type ContainerChange, containerChange, isWorkload } from "./containers.ts";
import { dataOf, type Effect, requestsOf, union } from "./effects.ts";
import { type Commits, type ImageChange, imageChanges, type Revisions } from "./images.ts";
import { said } from "./said.ts";
import { isReal, type Owner, type Step, Tree } from "./tree.ts";

/** A migration that runs with the update. */
export interface MigrationChange {
  name: string;
  /** Whether the version that runs now goes on working when it has run. */
  compatible: boolean;
  /** Whether one can go back behind it. */
  undoable: boolean;
  /** What it does that is not compatible or can't be undone. */
  reasons: string[];
}

export type Migrations = { added: MigrationChange[]; altered: { path: string; how: "changed" | "removed" }[] } | { unknown: string };

/** Settings that differ from those of the last release; of a secret only that it does. */
export interface SettingsChange {
  config: KeyChange[];
  secrets: Changes["secrets"];
}

/** What becomes of one application, or of one part of the platform. */
export interface PartPreview extends Owner {
  containers: ContainerChange[];
  /** Jobs that run: `migrate`, or the resource's name. */
  jobs: string[];
  /** Resources other than containers, by operation. */
  others: Partial<Record<Step["op"], number>>;
  requests: Effect;
  data: Effect;
  images: ImageChange[];
  environment: KeyChange[];
  files: FilesChange[];
  migrations?: Migrations;
}

/** What an update would do, for a reviewer. Holds no secret. */
export interface Preview {
  stack: string;
  engine: string;
  /** Resources by operation. */
  changes: Record<string, number>;
  /** Over all parts. */
  requests: Effect;
  data: Effect;
  parts: PartPreview[];
  /** Of the stack file; or why what was before is not known. */
  settings: SettingsChange | { unknown: string };
  capacity: Capacity;
  /** What differs on the Docker host by hand; or why that is not known. */
  byHand: HandChange[] | { unknown: string };
  /** Of the policy. */
  exceptions: Accepted[];
  steps: Step[];
}

/** All that a preview is made from; nothing is asked any more. */
export interface Facts {
  stack: string;
  engine: string;
  changes: Record<string, number>;
  steps: readonly Step[];
  state: Deployment;
  /** Section `config` of the stack file. */
  settings: Record<string, unknown>;
  /** What differs from the last release, and the commits of its images by application; undefined where none is recorded. */
  last?: { changes: SettingsChange; revisions: Record<string, string> };
  /** By application. */
  commits: Record<string, Commits>;
  migrations: Record<string, Migrations>;
  host?: Host;
  /** Names of the volumes that the Docker host has; undefined where it did not answer. */
  volumes?: ReadonlySet<string>;
  /** What `up` puts right of what was changed by hand; undefined where the Docker host did not answer. */
  byHand?: readonly Drift[];
}

/** A preview from the facts; pure. */
export function previewOf(facts: Facts): Preview {
  const { stack, engine, changes, state, last } = facts;
  const tree = new Tree(state, facts.steps);
  const steps = facts.steps.filter(isReal);
  const all = steps.filter(isWorkload).map(containerChange);
  const running = realResources(state).filter(isWorkload);
  const owned = new Map<string, { owner: Owner; steps: Step[]; running: Record<string, unknown>[] }>();
  const shareOf = (urn: string) => {
    const owner = tree.ownerOf(urn);
    const key = `${owner.kind} ${owner.name}`;
    const share = owned.get(key) ?? { owner, steps: [], running: [] };
    owned.set(key, share);
    return share;
  };
  for (const step of steps) shareOf(step.urn).steps.push(step);
  for (const { urn, inputs = {} } of running) shareOf(urn).running.push(inputs);
  const parts = [...owned.values()].map((share) => partOf(share.owner, share.steps, all, steps, share.running, facts));
  const changed = parts.filter((part) => !isQuiet(part)).toSorted(byImportance);
  return {
    stack,
    engine,
    changes,
    requests: union(changed.map(({ requests }) => requests)),
    data: union(changed.map(({ data }) => data)),
    parts: changed,
    settings: last?.changes ?? { unknown: "no release of this stack is recorded" },
    capacity: capacityOf(state, steps, facts.host),
    byHand: facts.byHand === undefined ? { unknown: facts.host === undefined ? "the Docker host was not reached from here" : "the Docker host did not answer in time" } : handChanges(facts.byHand, tree, steps),
    exceptions: acceptedIn(state, steps),
    steps,
  };
}

function partOf(owner: Owner, own: readonly Step[], all: readonly ContainerChange[], steps: readonly Step[], running: readonly Record<string, unknown>[], facts: Facts): PartPreview {
  const changes = own.filter(isWorkload).map(containerChange);
  const containers = changes.filter(({ role }) => role !== "job" && role !== "files");
  const jobs = changes.filter(({ role, fate }) => role === "job" && fate !== "stopped").map(({ name }) => (name.startsWith(`${owner.name}-`) ? name.slice(owner.name.length + 1) : name));
  const others = own.filter((step) => !isWorkload(step)).reduce<PartPreview["others"]>((counts, { op }) => ({ ...counts, [op]: (counts[op] ?? 0) + 1 }), {});
  const commits = facts.commits[owner.name];
  const images = imageChanges(own, revisionsNamed(owner, facts)).map((image) => ({ ...image, ...(owner.kind === "application" && commits !== undefined && { commits }) }));
  const migrations = owner.kind === "application" ? facts.migrations[owner.name] : undefined;
  const requests = requestsOf(owner, containers, all, steps, running);
  const data = dataOf(own, facts.volumes ?? new Set());
  const added = migrations !== undefined && "added" in migrations ? migrations.added : [];
  for (const migration of added) {
    if (!migration.compatible) requests.reasons.push(said`the migration ${migration.name} may break the version of ${owner.name} that runs while it is applied`);
    data.reasons.push(migration.undoable ? said`the migration ${migration.name} runs` : said`the migration ${migration.name} runs, and can't be undone`);
  }
  return {
    ...owner,
    containers,
    jobs,
    others,
    requests: { happens: requests.reasons.length > 0, reasons: requests.reasons },
    data: { happens: data.happens || added.length > 0, reasons: data.reasons },
    images,
    environment: containers.every(({ fate }) => fate === "started") ? [] : environmentChanges(own),
    files: filesChanges(own).map((change) => ({ ...change, secrets: namedSecrets(owner, change, facts) })),
    ...(migrations !== undefined && ("unknown" in migrations || migrations.added.length + migrations.altered.length > 0) && { migrations }),
  };
}

/** The commits in the stack files, of an image that was built before. */
function revisionsNamed({ name, kind }: Owner, { settings, last }: Facts): Revisions {
  if (kind !== "application") return {};
  const apps = settings["berth:apps"] as Record<string, { revision?: unknown } | null> | null | undefined;
  const [from, to] = [last?.revisions[name], apps?.[name]?.revision];
  return { ...(from !== undefined && { from }), ...(typeof to === "string" && { to }) };
}

/** Those secrets of an application that differ from the last release, where that is recorded; else all that may. */
function namedSecrets({ name: app }: Owner, { name, secrets, hidden }: FilesChange, { last }: Facts): string[] {
  if (name !== `${app}-secrets`) return secrets;
  const known = (last?.changes.secrets ?? []).flatMap(({ key }) => (key.startsWith(`${app}:`) ? [key.slice(app.length + 1)] : []));
  const exact = hidden ? known : known.filter((secret) => secrets.includes(secret));
  return exact.length > 0 ? exact : secrets;
}

/** Neither changed nor disturbed by what others do. */
function isQuiet({ containers, jobs, others, requests }: PartPreview): boolean {
  return containers.length === 0 && jobs.length === 0 && Object.keys(others).length === 0 && !requests.happens;
}

function byImportance(a: PartPreview, b: PartPreview): number {
  const rank = ({ kind, requests, data }: PartPreview) => (kind === "application" ? 0 : 2) - (requests.happens || data.happens ? 1 : 0);
  return rank(a) - rank(b) || a.name.localeCompare(b.name);
}

/** Whether the program would change nothing at all; what was changed by hand is another thing. */
export function isNothing({ changes, steps }: Pick<Preview, "changes" | "steps">): boolean {
  return Object.keys(changes).length === 0 && steps.length === 0;
}

