import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { askGit, git } from "../git.ts";

/** A repository whose files can be read here. */
export interface Source extends Disposable {
  /** Folder with the Dockerfile. */
  folder: string;
  /** What the image is built from: the folder, or the address with its commit. */
  context: string;
  /** A name after the folder or the repository, in the shape of an application's. */
  name: string;
}

/**
 * Opens a folder, or `https://…#<commit>[:<folder>]`, of which it fetches that commit into a temporary folder.
 *
 * @throws OpsError (2) for an address without a commit, naming the newest; (1) where it can't be had.
 */
export async function openSource(given: string, signal: AbortSignal): Promise<Source> {
  if (!/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/.test(given)) return openFolder(given);
  const [named = "", fragment = ""] = given.split(/#(.*)/);
  const [commit = "", inner = ""] = fragment.split(/:(.*)/);
  const address = withoutLogin(named);
  if (!address.startsWith("https://")) throw usageError(`${address} is not an https:// address, from which an image can be built by everybody: clone it, and give the folder's path`);
  if (!/^[0-9a-f]{40}$/.test(commit)) {
    const what = commit === "" ? "no commit" : `"${commit}", which is no commit of 40 digits and may be another one tomorrow`;
    throw usageError(`${address} has ${what}: ./berth init '${address}#${await newest(address, commit, signal)}${inner === "" ? "" : `:${inner}`}'`);
  }
  const folder = mkdtempSync(join(tmpdir(), "berth-init-"));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    await fetchCommit(address, commit, folder, signal);
    return { folder: requireDockerfile(join(folder, inner), given), context: `${address}#${fragment}`, name: nameFrom(inner || address), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function openFolder(given: string): Source {
  const folder = resolve(given);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw usageError(`${folder} is not a folder: give a path, or https://…#<commit>`);
  return { folder: requireDockerfile(folder, given), context: folder, name: nameFrom(folder), [Symbol.dispose]: () => undefined };
}

function requireDockerfile(folder: string, given: string): string {
  if (existsSync(join(folder, "Dockerfile"))) return folder;
  throw usageError(`${given} has no Dockerfile; in a folder of a repository it is named as https://…#<commit>:<folder>. Without one, ./berth new begins with a template`);
}

/**
 * The address as app.ts may have it, ending in `.git`: without that, a builder takes it for a file to download.
 *
 * @throws OpsError (2) for one with a login, which is not repeated.
 */
function withoutLogin(address: string): string {
  const url = URL.parse(address);
  if (url === null) return address;
  if (url.username !== "" || url.password !== "" || url.search !== "") {
    throw usageError(`the address of ${url.host}${url.pathname} has a login or a parameter in it, which app.ts would show to everybody: clone it, and give the folder's path. If it has a token, take that back: others may have seen it`);
  }
  return `${address.replace(/\/+$/, "").replace(/\.git$/, "")}.git`;
}

/** Servers that give no single commits are asked for all of them. */
async function fetchCommit(address: string, commit: string, folder: string, signal: AbortSignal): Promise<void> {
  const run = (...args: string[]) => git(folder, args, { signal });
  try {
    await run("init", "-q");
    await run("fetch", "-q", "--depth", "1", address, commit).catch(() => run("fetch", "-q", "--tags", address, "+refs/heads/*:refs/remotes/origin/*"));
    await run("checkout", "-q", commit);
  } catch (error) {
    throw new OpsError(`${address} at ${commit} can't be fetched: ${messageOf(error).trim()}`);
  }
}

async function newest(address: string, ref: string, signal: AbortSignal): Promise<string> {
  const told = await askGit(tmpdir(), ["ls-remote", address, ref || "HEAD"], { signal });
  return /^[0-9a-f]{40}/.exec(told ?? "")?.[0] ?? "<commit>";
}

/** `my-shop` for `https://example.com/acme/My_Shop.git`. */
export function nameFrom(path: string): string {
  const word = basename(path).replace(/\.git$/, "").toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-");
  return word.replace(/^[^a-z]+/, "").slice(0, 30).replace(/-+$/, "") || "app";
}
