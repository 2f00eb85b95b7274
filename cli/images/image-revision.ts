import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AppDefinition } from "../../components/index.ts";
import { imageLabels, revisionLabel } from "../../config/image-labels.ts";
import { askGit } from "../git.ts";
import { commitOf, isCommit, shortRevision } from "./revision.ts";

/** Where an application is in a commit of this checkout. */
export interface Source {
  /** Folder as it is told, for example `apps/root`, or the git address that it is built from. */
  place: string;
  /** The last commit that changed it, as the commit has it; undefined where that has no such folder. */
  revision: string | undefined;
}

/** What an image of an application must say, to be that of a commit. @param folder Below apps/. */
export async function sourceAt(project: string, folder: string, commit: string): Promise<Source> {
  const place = `apps/${folder}`;
  const file = join(project, place, "app.ts");
  if (!existsSync(file)) return { place, revision: undefined };
  const { default: definition } = (await import(pathToFileURL(file).href)) as { default: AppDefinition };
  const { context } = definition;
  if (/^https?:/.test(context)) return { place: context, revision: imageLabels(context)[revisionLabel] };
  return { place, revision: (await askGit(context, ["log", "-1", "--format=%H", commit, "--", "."])) || undefined };
}

export interface Tagged {
  stack: string;
  name: string;
  /** `repository@sha256:…` */
  image: string;
  /** What the image says, one for each of its platforms. */
  revisions: readonly (string | undefined)[];
  /** The commit that its tags would name. */
  commit: string;
  source: Source;
}

/** Why the tags of a commit would say what is not so of an image, and what to do; undefined where they would not. */
export function wrongRevision({ stack, name, image, revisions, commit, source }: Tagged): string | undefined {
  const [revision, ...others] = new Set(revisions);
  const again = `./berth up -s ${stack}, then push again`;
  if (others.length > 0) return `${name}: ${image} is of several commits, ${[revision, ...others].map((one) => (one === undefined ? "none" : shortRevision(one))).join(", ")}: ${again}`;
  if (revision === undefined) return `${name}: ${image} does not say which commit it was built from, so it can't be tagged as one: commit ${source.place}, and ${again}`;
  if (!isCommit(revision)) return `${name}: ${image} was built from ${shortRevision(commitOf(revision))}, with changes that were not committed: commit ${source.place}, and ${again}`;
  if (revision === source.revision) return undefined;
  const there = source.revision === undefined ? `has no ${source.place}` : `has ${source.place} at ${shortRevision(source.revision)}`;
  return `${name}: ${image} was built from ${shortRevision(revision)}, but ${shortRevision(commit)}, which its tags would name, ${there}: ${again}, or check out the commit that runs`;
}
