import { OpsError } from "../exit.ts";
import { commitOf, isCommit, shortRevision } from "../images/revision.ts";
import type { Standing } from "./checkout.ts";
import type { Looked, PromoteOptions } from "./gather.ts";
import { takenIn } from "./plan.ts";
import { commitMessage } from "./report.ts";
import { lackingIn, valuesOf, withPins } from "./stack-file.ts";

/**
 * The commit with the change: the one that a promotion of the same made before, where it still fits. It goes on top of
 * what others have committed to the branch, and replaces what promotions alone have made.
 *
 * @throws OpsError where a commit of somebody else would be lost, or the branch no longer merges.
 */
export async function branchFor({ checkout, base, to }: Pick<PromoteOptions, "checkout" | "base" | "to">, looked: Looked): Promise<{ branch: string; commit: string; isNew: boolean; was: Standing }> {
  const { promoted, own } = looked.plan;
  const taken = takenIn(looked.plan);
  const known = taken.flatMap(({ revision }) => (revision === undefined ? [] : [commitOf(revision)]));
  const newest = (await checkout.ask("rev-list", "--max-count=1", ...known)) || known[0];
  const branch = `promote/${to.stack}-${newest === undefined ? (taken[0]?.target.slice(-64, -57) ?? "") : shortRevision(newest)}`;
  const file = `Pulumi.${to.stack}.yaml`;
  const pinned = (before: string) => {
    const lacking = lackingIn(valuesOf(before), looked.from, looked.fromValues);
    const pins = promoted.map(({ name, target, revision, folder }) => [name, { image: target, revision: whole(revision), folder, lacking: lacking(name) }] as const);
    return withPins(before, Object.fromEntries(pins), Object.fromEntries(own.map(({ key, target }) => [key, target])));
  };
  const message = commitMessage(looked);
  const was = await checkout.standing(branch, base);
  if (was.unpushed.length > 0) {
    throw new OpsError(`branch ${branch} has commits here that origin has not, which the promotion would replace: ${short(was.unpushed)}. Push them, git push origin ${branch}, or give them up, git branch -D ${branch}; then promote again`);
  }
  const { tip } = was;
  if (tip !== undefined && was.foreign.length > 0) {
    const there = await checkout.fileIn(tip, file);
    const text = there === undefined ? undefined : pinned(there);
    if (text === undefined || !(await checkout.mergesCleanly(text, tip, base.commit, file))) {
      const remote = base.origin === undefined ? "" : "origin/";
      throw new OpsError(`branch ${branch} has commits that no promotion made, ${short(was.foreign)}, and its ${file} no longer merges into ${base.branch}. Join them: git switch ${branch} && git merge ${remote}${base.branch}${remote && ` && git push origin ${branch}`}, and switch back; then promote again. Or give them up: ${remote === "" ? `git branch -D ${branch}` : `git push origin --delete ${branch}`}`);
    }
    // Of what promotions made on this branch, the newest says what is on it now.
    const last = await checkout.git("log", "-1", "--grep=^Promoted-from: ", "--format=%B", tip, `^${base.commit}`);
    if (text === there && last === message.trim()) return { branch, commit: tip, isNew: false, was };
    return { branch, commit: await checkout.commitFile(tip, file, text, message), isNew: true, was };
  }
  const text = pinned(looked.text);
  if (tip !== undefined && (await checkout.ask("rev-parse", `${tip}^`)) === base.commit) {
    const same = (await checkout.fileIn(tip, file)) === text && (await checkout.ask("log", "-1", "--format=%B", tip)) === message.trim();
    if (same) return { branch, commit: tip, isNew: false, was };
  }
  return { branch, commit: await checkout.commitFile(base.commit, file, text, message), isNew: true, was };
}

function short(commits: readonly string[]): string {
  return commits.map(shortRevision).join(", ");
}

/** What the stack file's schema takes: a commit that was built with changes is none. */
function whole(revision: string | undefined): string | undefined {
  return revision !== undefined && isCommit(revision) ? revision : undefined;
}
