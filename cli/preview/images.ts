import { types } from "../../pulumi/resource-types.ts";
import { revisionOf } from "../images/revision.ts";
import type { Step } from "./tree.ts";

/** The commits between two revisions of one folder, newest first; or why they are not known. */
export type Commits = { added: Commit[]; removed: Commit[] } | { unknown: string };

export interface Commit {
  hash: string;
  subject: string;
}

export interface ImageChange {
  /** Its repository, for example `ghcr.io/acme/shop`. */
  repository: string;
  /** `sha256:…`, or a tag where there is no digest; undefined where none ran. */
  from?: string;
  /** Undefined where the update builds it; nobody knows its digest before. */
  to?: string;
  /** Commits that they were built from; `-dirty` at the end says that not all was committed. */
  revision: { from?: string; to?: string };
  commits?: Commits;
}

/** Commits that the stack files before and after name for an image that was built before. */
export interface Revisions {
  from?: string;
  to?: string;
}

/** The images that one part runs from now on. */
export function imageChanges(steps: readonly Step[], named: Revisions = {}): ImageChange[] {
  const build = steps.find(({ type }) => type === types.built);
  const from = revisionOf(build?.detail.before) ?? named.from;
  const to = revisionOf(build?.detail.after) ?? named.to;
  return steps.flatMap(({ type, op, detail }) => {
    if (type !== types.pulled || op === "delete") return [];
    const [before, after] = [reference(detail.before?.["name"]), reference(detail.after?.["name"])];
    const repository = after?.repository ?? before?.repository ?? repositoryOf(build) ?? "?";
    return [
      {
        repository,
        ...(before !== undefined && { from: before.version }),
        ...(after !== undefined && { to: after.version }),
        revision: { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
      },
    ];
  });
}

function repositoryOf(build: Step | undefined): string | undefined {
  const [tag] = (build?.detail.after?.["tags"] ?? []) as unknown[];
  return typeof tag === "string" ? tag.replace(/:[^:/]+$/, "") : undefined;
}

/** Repository and digest of an image, or its tag where it is named by tag; undefined of one that is not known. */
function reference(name: unknown): { repository: string; version: string } | undefined {
  if (typeof name !== "string" || name.includes("[unknown]")) return undefined;
  const [, repository = name, tag, digest] = /^(.+?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]+))?$/.exec(name) ?? [];
  return { repository, version: digest ?? tag ?? "latest" };
}
