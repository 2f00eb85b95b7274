import { revisionLabel } from "../../config/image-labels.ts";

/** What an image says that it was built from: a commit, with `-dirty` at its end where not all was committed. */

/** The commit of a revision. */
export function commitOf(revision: string): string {
  return revision.replace(/-dirty$/, "");
}

/** Whether a text is a commit in full, and nothing else. */
export function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** Seven digits of a commit, and whether something beside it was not committed. */
export function shortRevision(revision: string): string {
  const [commit = "", ...rest] = revision.split("-");
  return [commit.slice(0, 7), ...rest].join("-");
}

/** The revision in the labels that a build is given; undefined where there is none, or none that is known yet. */
export function revisionOf(build: Record<string, unknown> | undefined): string | undefined {
  const labels = build?.["labels"];
  const found = typeof labels === "object" && labels !== null ? (labels as Record<string, unknown>)[revisionLabel] : undefined;
  return typeof found === "string" && found !== "" && found !== "[unknown]" ? found : undefined;
}
