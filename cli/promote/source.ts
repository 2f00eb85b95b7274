import { ownImages } from "../../config/settings/images.ts";
import { commitOf, isCommit, shortRevision } from "../images/revision.ts";
import type { Refusal } from "./check.ts";
import type { Base, Checkout } from "./checkout.ts";
import type { Plan } from "./plan.ts";

/**
 * Whether what is promoted is in git as it was built: each image says its commit, nothing was uncommitted then, the
 * folders are still those of that commit, and origin has it on the base branch.
 */
export async function sourceRefusal(checkout: Checkout, base: Base, { promoted, own }: Pick<Plan, "promoted" | "own">, live: readonly string[], from: string): Promise<Refusal | undefined> {
  const findings: string[] = [];
  const built = [
    ...promoted.map(({ name, folder, revision, remote }) => ({ name, folder: `apps/${folder}`, revision, remote })),
    // One that was promoted before was looked at then.
    ...own.filter(({ isBuilt }) => isBuilt).map(({ name, key, revision }) => ({ name, folder: ownImages[key], revision, remote: false })),
  ];
  for (const { name, folder, revision, remote } of built) {
    if (live.includes(name)) findings.push(`${name} runs from the mounted source (live: true), and not from its image`);
    if (revision === undefined) findings.push(`the image of ${name} does not say which commit it was built from`);
    else if (!isCommit(revision)) findings.push(`the image of ${name} was built from ${shortRevision(commitOf(revision))}, with changes that were not committed`);
    else if (!remote) findings.push(...(await folderFindings(checkout, base, name, folder, revision)));
  }
  if (findings.length === 0) return undefined;
  return { check: "source", because: findings, remedy: `commit${base.origin === undefined ? "" : ` and push to ${base.branch}`}, then ./berth up -s ${from}, so that what is committed is what runs` };
}

async function folderFindings(checkout: Checkout, base: Base, name: string, folder: string, revision: string): Promise<string[]> {
  const short = shortRevision(revision);
  if ((await checkout.ask("cat-file", "-e", `${revision}^{commit}`)) === undefined) return [`the commit ${short} of ${name} is not in this clone: git fetch origin, or git fetch --unshallow`];
  const changed = (await checkout.git("diff", "--name-only", revision, "--", folder)).split("\n").filter(Boolean);
  const untracked = (await checkout.git("ls-files", "--others", "--exclude-standard", "--", folder)).split("\n").filter(Boolean);
  const files = [...changed, ...untracked];
  const findings = files.length === 0 ? [] : [`${folder} differs from ${short}, which runs: ${files.slice(0, 3).join(", ")}${files.length > 3 ? ` and ${files.length - 3} more` : ""}`];
  const isOn = (await checkout.ask("merge-base", "--is-ancestor", revision, base.commit)) !== undefined;
  if (!isOn) findings.push(`the commit ${short} of ${name} is not on ${base.origin === undefined ? "" : "origin's "}branch ${base.branch}`);
  return findings;
}
