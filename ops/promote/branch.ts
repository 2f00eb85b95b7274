import { commitOf, isCommit, shortRevision } from "../revision.ts";
import type { Looked, PromoteOptions } from "./promote.ts";
import { commitMessage } from "./report.ts";
import { withPins } from "./stack-file.ts";

/** The commit with the change: the one that a promotion of the same made before, where it still fits. */
export async function branchFor({ checkout, base, to }: PromoteOptions, looked: Looked): Promise<{ branch: string; commit: string; isNew: boolean }> {
  const { promoted } = looked.plan;
  const known = promoted.flatMap(({ revision }) => (revision === undefined ? [] : [commitOf(revision)]));
  const newest = (await checkout.ask("rev-list", "--max-count=1", ...known)) || known[0];
  const branch = `promote/${to.stack}-${newest === undefined ? (promoted[0]?.target.slice(-64, -57) ?? "") : shortRevision(newest)}`;
  const file = `Pulumi.${to.stack}.yaml`;
  const text = withPins(looked.text, Object.fromEntries(promoted.map(({ name, target, revision, folder }) => [name, { image: target, revision: whole(revision), folder }])));
  const message = commitMessage(looked);
  const before = await checkout.branch(branch, base.origin);
  if (before !== undefined && (await checkout.ask("rev-parse", `${before}^`)) === base.commit) {
    const same = (await checkout.fileIn(before, file)) === text && (await checkout.ask("log", "-1", "--format=%B", before)) === message.trim();
    if (same) return { branch, commit: before, isNew: false };
  }
  return { branch, commit: await checkout.commitFile(base.commit, file, text, message), isNew: true };
}

/** What the stack file's schema takes: a commit that was built with changes is none. */
function whole(revision: string | undefined): string | undefined {
  return revision !== undefined && isCommit(revision) ? revision : undefined;
}
