import { git } from "./git.ts";

/** The label that names the commit an image was built from. */
export const revisionLabel = "org.opencontainers.image.revision";

/**
 * Labels by which an image says what it was built from (OCI image specification, annotations).
 *
 * The revision is the last commit that changed the folder, not the newest one: a commit elsewhere makes no other image,
 * and so no deploy. With changes that are not committed it ends in `-dirty`. A folder outside a git repository has no
 * labels; a git address names its own commit.
 *
 * @param context Directory with the Dockerfile, or `https://…/repository.git#<commit>[:<directory>]`.
 * @returns For example `{ "org.opencontainers.image.revision": "0f3c…", "….source": "https://github.com/acme/shop", "….version": "v1.2.0-3-g0f3c1a2" }`.
 */
export function imageLabels(context: string): Record<string, string> {
  const remote = /^(https?:\/\/[^#]+?)(?:\.git)?#([^:]+)/.exec(context);
  if (remote !== null) return annotations({ source: withoutLogin(remote[1] ?? ""), revision: remote[2] });
  const commit = git(context, "log", "-1", "--format=%H", "--", ".");
  if (commit === undefined) return {};
  const dirty = git(context, "status", "--porcelain", "--", ".") === undefined ? "" : "-dirty";
  const origin = git(context, "remote", "get-url", "origin");
  const version = git(context, "describe", "--tags", "--always", commit);
  return annotations({
    source: origin?.startsWith("https://") === true ? withoutLogin(origin.replace(/\.git$/, "")) : undefined,
    revision: `${commit}${dirty}`,
    version: version === undefined ? undefined : `${version}${dirty}`,
  });
}

function annotations(values: Record<string, string | undefined>): Record<string, string> {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [`org.opencontainers.image.${name}`, value]));
}

/** A remote's address may hold a token, which an image would tell everybody. */
function withoutLogin(address: string): string {
  return address.replace(/^(https?:\/\/)[^@/]*@/, "$1");
}
