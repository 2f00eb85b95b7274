import { join } from "node:path";
import type Dockerode from "dockerode";
import type { Deployer, Outcome } from "../deploy/deployer.ts";
import { type Deployment, realResources } from "../deploy/stack-state.ts";
import type { Drift } from "../drift/finding.ts";
import { repairable } from "../drift/repair.ts";
import { messageOf } from "../exit.ts";
import { hasMigrations, migrationsBetween } from "../migrations/between.ts";
import { withApplications } from "../../components/release/release-record.ts";
import type { Scope } from "../deploy/scope.ts";
import type { Project } from "../project.ts";
import { changesBetween } from "../releases/changes.ts";
import { readReleases } from "../releases/records.ts";
import { stackFileFor } from "../stack-file/stack-file.ts";
import type { Host } from "./capacity.ts";
import { commitsBetween, wholeCommit } from "./commits.ts";
import type { KeyChange } from "./configuration.ts";
import { answered, asked, deadline } from "./host.ts";
import type { ImageChange } from "./images.ts";
import { type Facts, type Migrations, type Preview, previewOf } from "./model.ts";
import type { Step } from "./tree.ts";

/** How long all that shows what was changed by hand may take, in milliseconds. */
const lookDeadline = 10_000;

/** What an engine's preview told. */
export interface Previewed {
  outcome: Outcome;
  steps: Step[];
  /** As it was before. */
  state: Deployment;
  /** Which applications it is of. @default all */
  scope?: Scope | undefined;
  /** Names of the volumes that the Docker host has; undefined where it did not answer. */
  volumes?: ReadonlySet<string>;
}

export interface Setting {
  environment: NodeJS.ProcessEnv;
  passphrase: string;
}

/** Asks for what the steps of a preview do not tell: state, stack file, commits, and what the Docker host has. */
export async function gather(project: Project, stack: string, deployer: Deployer, { outcome, steps, state, scope, volumes }: Previewed, { environment, passphrase }: Setting): Promise<Preview> {
  const docker = asked(project, stack, environment);
  const [[host, byHand], last] = await Promise.all([hostOf(docker, stack, state, scope), lastRelease(project, stack, deployer, passphrase, scope)]);
  const facts: Facts = {
    stack,
    engine: deployer.engine,
    changes: outcome.changes,
    steps,
    state,
    settings: project.readStack(stack).config ?? {},
    commits: {},
    migrations: {},
    ...(last !== undefined && { last }),
    ...(host !== undefined && { host }),
    ...(volumes !== undefined && { volumes }),
    ...(byHand !== undefined && { byHand }),
  };
  // Which commits to ask for is known only once the images are.
  const folders = project.applications(stack);
  for (const { name, kind, images } of previewOf(facts).parts) {
    const image = images[0];
    if (kind !== "application" || image === undefined) continue;
    const folder = join("apps", folders[name] ?? name);
    if (image.from !== undefined) facts.commits[name] = await commitsBetween(project.folder, folder, image.revision.from, image.revision.to);
    const migrations = await migrationsOf(project.folder, folder, image);
    if (migrations !== undefined) facts.migrations[name] = migrations;
  }
  return previewOf(facts);
}

/** What differs from the last release; undefined where none is recorded, or where the stack's secrets are not opened by a passphrase. */
async function lastRelease(project: Project, stack: string, deployer: Deployer, passphrase: string, scope?: Scope): Promise<Facts["last"]> {
  const release = (await readReleases(deployer)).at(-1);
  if (release === undefined) return undefined;
  const { readStack } = await import("../../pulumi/stackfile.ts");
  const opened = await readStack(stackFileFor(project, stack), project.name(), passphrase, false).catch(() => undefined);
  if (opened === undefined) return undefined;
  const hidden = new Set(opened.secretKeys);
  const pick = (secret: boolean) => Object.fromEntries(Object.entries(opened.values).filter(([key]) => hidden.has(key) === secret));
  const wanted = { ...release, config: pick(false), secrets: pick(true) };
  const { config, secrets } = changesBetween(release, scope === undefined ? wanted : { ...release, ...withApplications(release, wanted, scope.apps) });
  const changed = config.map(({ key, from, to }): KeyChange => ({ key, ...(from !== undefined && { before: textOf(from) }), ...(to !== undefined && { after: textOf(to) }) }));
  return { changes: { config: changed, secrets }, revisions: release.revisions };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The migrations of an application whose image is another one; undefined where it has none. */
async function migrationsOf(checkout: string, folder: string, { from, to, revision }: ImageChange): Promise<Migrations | undefined> {
  if (!hasMigrations(checkout, folder)) return undefined;
  const [before, after] = [wholeCommit(revision.from), wholeCommit(revision.to)];
  if (from !== undefined && before === undefined) return { unknown: "the image that runs does not say which commit it was built from" };
  if (to !== undefined && after === undefined) return { unknown: "the new image does not say which commit it is built from" };
  try {
    const { added, altered } = await migrationsBetween({ checkout, folder, from: before, ...(to !== undefined && after !== undefined && { to: after }) });
    const told = added.map(({ name, compatible, undoable }) => ({
      name,
      compatible: compatible.ok,
      undoable: undoable.ok,
      reasons: reasonsOf([...(compatible.ok ? [] : compatible.reasons), ...(undoable.ok ? [] : undoable.reasons)]),
    }));
    return { added: told, altered };
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

/** Each once; one that another says with more words is left out. */
function reasonsOf(reasons: readonly { line: number; text: string }[]): string[] {
  const told = [...new Set(reasons.map(({ line, text }) => `line ${line} ${text}`))];
  return told.filter((reason) => !told.some((other) => other !== reason && other.startsWith(`${reason};`)));
}

/** What the Docker host has, and what was changed on it by hand; undefined where it does not answer in time, which a preview does not need. */
async function hostOf(docker: Dockerode | undefined, stack: string, state: Deployment, scope?: Scope): Promise<[host?: Host, byHand?: Drift[]]> {
  const info = await answered(docker, deadline, (it) => it.info() as Promise<{ MemTotal: number; NCPU: number }>);
  if (realResources(state).length === 0) return [info && hostIn(info), []];
  return info === undefined ? [] : [hostIn(info), await answered(docker, lookDeadline, (it) => repairable(it, stack, state, scope))];
}

function hostIn({ MemTotal, NCPU }: { MemTotal: number; NCPU: number }): Host {
  return { memory: Math.floor(MemTotal / 2 ** 20), cpus: NCPU };
}
