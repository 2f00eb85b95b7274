import type { Context } from "../command.ts";
import { messageOf, OpsError } from "../exit.ts";
import { forgeOf, type PullRequest } from "../forge/forge.ts";
import { type Base, Checkout } from "../promote/checkout.ts";
import { table } from "../table.ts";
import { newestDigests, tagOf } from "./newest-digests.ts";

const branch = "renew/images";
/** Trailer of the commits that a renewal makes. */
const mark = "Renewed-digests";
const lockFile = "config/images.lock.json";
/** An image with tag and digest, wherever it stands. */
const pinned = /[a-z0-9][\w./:-]*:[\w][\w.-]*@sha256:[0-9a-f]{64}/g;

interface Renewal {
  image: string;
  from: string;
  to: string;
}

/**
 * Looks for newer digests of the tags that are pinned, in images.lock.json and in the Dockerfiles of apps/ and images/, as the
 * base branch has them. Where there are some, a commit with them is put on a branch of its own, and its pull request opened.
 */
export async function renew(context: Context, json: boolean): Promise<number> {
  const { project, environment, terminal } = context;
  const checkout = await Checkout.open(project.folder, environment);
  const base = await checkout.base(undefined);
  const texts = await pinningFiles(checkout, base);
  const references = Object.values(texts).flatMap((text) => text.match(pinned) ?? []);
  const newest = await newestDigests(context, references, "every file stays");
  const renewed = Object.fromEntries(Object.entries(texts).flatMap(([path, text]) => {
    const changed = text.replaceAll(pinned, (reference) => newest.get(reference) ?? reference);
    return changed === text ? [] : [[path, changed]];
  }));
  const renewals = [...newest].flatMap(([from, to]) => (from === to ? [] : [{ image: tagOf(from), from: from.slice(-64), to: to.slice(-64) }]));
  if (renewals.length === 0) {
    if (json) terminal.json({ images: [] });
    else terminal.result(newest.size === 0 ? "no image is pinned: ./berth images lock pins those of images.lock.json" : `each of ${newest.size} digests is the newest of its tag`);
    return 0;
  }
  const commit = await commitOf(checkout, base, renewed, renewals);
  const pull = await openPullRequest(context, base, renewals);
  if (json) terminal.json({ images: renewals, branch, commit, pullRequest: pull });
  else {
    terminal.result(`${table(["IMAGE", "WAS", "IS"], rowsOf(renewals))}\n`);
    terminal.result(pull === undefined ? `branch ${branch} has them: open its pull request into ${base.branch}` : `${pull.created ? "opened" : "brought up to date"} ${pull.url}`);
  }
  return 0;
}

/** The files that may pin an image, path to text, as the newest commit of the base branch has them. */
async function pinningFiles(checkout: Checkout, base: Base): Promise<Record<string, string>> {
  const listed = (await checkout.git("ls-tree", "-r", "--name-only", base.commit, "--", lockFile, "apps", "images")).split("\n");
  const paths = listed.filter((path) => path === lockFile || /(^|\/)Dockerfile$/.test(path));
  const texts = await Promise.all(paths.map(async (path) => [path, (await checkout.fileIn(base.commit, path)) ?? ""] as const));
  return Object.fromEntries(texts);
}

/** The commit on the branch: the one of before where it says the same of the same base. @throws OpsError where a commit of somebody else would be lost */
async function commitOf(checkout: Checkout, base: Base, files: Record<string, string>, renewals: Renewal[]): Promise<string> {
  const was = await checkout.standing(branch, base, mark);
  const others = [...was.foreign, ...was.unpushed];
  if (others.length > 0) {
    throw new OpsError(`branch ${branch} has commits that no renewal made, which this one would replace: ${others.map((one) => one.slice(0, 7)).join(", ")}. Merge it, or give them up: ${base.origin === undefined ? `git branch -D ${branch}` : `git push origin --delete ${branch}`}; then renew again`);
  }
  if (was.tip !== undefined && (await checkout.ask("rev-parse", `${was.tip}^`)) === base.commit) {
    const there = await Promise.all(Object.entries(files).map(async ([path, text]) => (await checkout.fileIn(was.tip ?? "", path)) === text));
    if (there.every(Boolean)) return was.tip;
  }
  const message = `build(images): newer digests of ${renewals.map(({ image }) => image).join(", ")}\n\n${mark}: ${renewals.length}\n`;
  const commit = await checkout.commitFiles(base.commit, files, message);
  await checkout.publish(branch, commit, base.origin, was);
  return commit;
}

async function openPullRequest({ environment }: Context, base: Base, renewals: Renewal[]): Promise<PullRequest | undefined> {
  const forge = base.origin === undefined ? undefined : forgeOf(environment, base.origin);
  const rows = renewals.map(({ image, from, to }) => `| \`${image}\` | \`${from.slice(0, 12)}\` | \`${to.slice(0, 12)}\` |`);
  const body = ["The tags that are pinned have these digests in their registries now.", "", "| image | was | is |", "|---|---|---|", ...rows, "", "What changes by it is in the preview of this pull request; Postgres, Redis and what else is replaced stops for it."].join("\n");
  try {
    return await forge?.openPullRequest({ branch, base: base.branch, title: `Newer digests of ${renewals.length} ${renewals.length === 1 ? "image" : "images"}`, body });
  } catch (error) {
    throw new OpsError(`branch ${branch} is pushed, but its pull request could not be opened: ${messageOf(error)}\nOpen it by hand, or run this again.`);
  }
}

function rowsOf(renewals: Renewal[]): string[][] {
  return renewals.map(({ image, from, to }) => [image, from.slice(0, 12), to.slice(0, 12)]);
}
