import { git } from "./git.ts";

/** The label that names the commit an image was built from. */
export const revisionLabel = "org.opencontainers.image.revision";

/** Of an image that was built quicker and runs slower (`berth:builds: quick`): `./berth promote` refuses it. */
export const quickLabel = { name: "berth.builds", value: "quick" } as const;

/**
 * Labels by which an image says what it was built from (OCI image specification, annotations).
 *
 * The revision is the last commit that changed the folder, not the newest one: a commit elsewhere makes no other image,
 * and so no deploy. With changes that are not committed it ends in `-dirty`. A folder outside a git repository has no
 * labels; a git address names its own commit. A tag is no part of them: it would deploy what runs already. The source is
 * the same however it is fetched.
 *
 * @param context Directory with the Dockerfile, or `https://…/repository.git#<commit>[:<directory>]`.
 * @returns For example `{ "org.opencontainers.image.revision": "0f3c…", "….source": "https://github.com/acme/shop" }`.
 */
export function imageLabels(context: string): Record<string, string> {
  const remote = /^(https?:\/\/[^#]+?)(?:\.git)?#([^:]+)/.exec(context);
  if (remote !== null) return annotations({ source: withoutLogin(remote[1] ?? ""), revision: remote[2] });
  const commit = git(context, "log", "-1", "--format=%H", "--", ".");
  if (commit === undefined) return {};
  const dirty = git(context, "status", "--porcelain", "--", ".") === undefined ? "" : "-dirty";
  const origin = git(context, "remote", "get-url", "origin");
  return annotations({ source: origin === undefined ? undefined : webAddress(origin), revision: `${commit}${dirty}` });
}

/** Where people find a remote: `git@host:acme/shop.git` and `ssh://git@host:22/acme/shop` are `https://host/acme/shop`. None of a folder. */
export function webAddress(remote: string): string | undefined {
  const found = /^(?:https?:\/\/|ssh:\/\/|git:\/\/)(?:[^@/]*@)?([^/:]+)(?::\d+)?\/(.+)$/.exec(remote) ?? /^(?:[^@/]+@)?([\w.-]+\.[\w-]+):(?!\/\/)(.+)$/.exec(remote);
  if (found === null) return undefined;
  const [, host = "", path = ""] = found;
  return `https://${host}/${path.replace(/^\/+/, "").replace(/\/+$/, "").replace(/\.git$/, "")}`;
}

function annotations(values: Record<string, string | undefined>): Record<string, string> {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [`org.opencontainers.image.${name}`, value]));
}

/** A remote's address may hold a token, which an image would tell everybody. */
function withoutLogin(address: string): string {
  return address.replace(/^(https?:\/\/)[^@/]*@/, "$1");
}
