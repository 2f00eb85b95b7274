import { isDeepStrictEqual } from "node:util";

/** One release of a stack: what an update applied, who did it, when, and from where. */
export interface Release {
  /** Counts up from 1, and goes on when older records are dropped. */
  number: number;
  /** When its last resource was ready: ISO 8601 in UTC. */
  time: string;
  /** Seconds from the program's start to then. */
  seconds: number;
  /** Who: the user of a workflow, git's `user.name`, or the login. */
  by: string;
  /** Machine, and commit of the project there; no commit outside a git repository. */
  from: { host: string; revision?: string; dirty?: boolean };
  /** `repository@sha256:…` by application. */
  images: Record<string, string>;
  /** Commit that an image was built from, by application; ends in `-dirty` where something was not committed. */
  revisions: Record<string, string>;
  /** Configuration of all namespaces by full key, as Pulumi has it: objects as JSON. */
  config: Record<string, string>;
  /** Secrets by full key, in plain text: a record is itself a secret of the state. */
  secrets: Record<string, string>;
  /** What a command says of it, for example `rollback to 3`. */
  note?: string;
  /** The applications that its update applied; all, where it does not say. */
  apps?: string[];
}

/** What makes a release another one. */
export type Applied = Pick<Release, "images" | "config" | "secrets">;

/** Records that are kept. */
export const keptReleases = 20;

/** The records with one more where something differs from the newest; oldest first. `details` is asked only then. */
export function withRelease(releases: readonly Release[], applied: Applied, details: () => Omit<Release, keyof Applied | "number">): readonly Release[] {
  const newest = releases.at(-1);
  if (newest !== undefined && sameApplied(newest, applied)) return releases;
  const { images, config, secrets } = applied;
  return [...releases, { number: (newest?.number ?? 0) + 1, ...details(), images, config, secrets }].slice(-keptReleases);
}

/**
 * What runs after an update of some applications: what the newest record has of the others and of the platform, and what
 * was applied of these.
 *
 * @param own With the whole stack file's configuration and secrets.
 */
export function withApplications(newest: Applied | undefined, own: Applied, apps: readonly string[]): Applied {
  if (newest === undefined) return own;
  const images = Object.fromEntries(apps.flatMap((app) => (own.images[app] === undefined ? [] : [[app, own.images[app]]])));
  const of = (key: string) => apps.some((app) => key.startsWith(`${app}:`));
  const merged = (last: Record<string, string>, now: Record<string, string>) => ({
    ...Object.fromEntries(Object.entries(last).filter(([key]) => !of(key))),
    ...Object.fromEntries(Object.entries(now).filter(([key]) => of(key))),
  });
  const config = merged(newest.config, own.config);
  const [last, now] = [newest, own].map((applied) => configValue(applied.config[appsKey] ?? "{}") as Record<string, unknown>);
  config[appsKey] = JSON.stringify({ ...last, ...Object.fromEntries(apps.flatMap((app) => (now?.[app] === undefined ? [] : [[app, now[app]]]))) });
  return { images: { ...newest.images, ...images }, config, secrets: merged(newest.secrets, own.secrets) };
}

const appsKey = "berth:apps";

/**
 * The records without the values of these secrets that are others than those which run: one that leaked is then in none of
 * them. A rollback leaves a secret as it is of which a record has no value.
 */
export function withoutLeaked(releases: readonly Release[], keys: readonly string[], running: Record<string, string>): readonly Release[] {
  const isOld = (key: string, value: string) => keys.includes(key) && value !== running[key];
  return releases.map((release) => {
    const left = Object.entries(release.secrets).filter(([key, value]) => !isOld(key, value));
    return left.length === Object.keys(release.secrets).length ? release : { ...release, secrets: Object.fromEntries(left) };
  });
}

/** Whether two updates applied the same. The order of keys and the spaces of JSON differ between engines, and count for nothing. */
export function sameApplied(one: Applied, other: Applied): boolean {
  return isDeepStrictEqual(comparable(one), comparable(other));
}

function comparable({ images, config, secrets }: Applied): unknown {
  return { images: { ...images }, secrets: { ...secrets }, config: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, configValue(value)])) };
}

/** A configuration value as YAML had it: an object or a list where it is one, else the text. */
export function configValue(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `repository:tag@digest` without the tag, which another build may move. */
export function withoutTag(reference: string): string {
  return reference.replace(/:[\w][\w.-]*@/, "@");
}
