import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { askGit, git } from "../git.ts";
import { dockerfilesIn } from "./dockerfiles.ts";

/** A repository whose files can be read here. */
export interface Source extends Disposable {
  /** Folder of the repository. */
  root: string;
  /** Folder that is the build's context. */
  folder: string;
  /** What the image is built from: that folder, or the address with its commit. */
  context: string;
  /** Path of the Dockerfile, seen from the folder. */
  dockerfile: string;
  /** A name after the folder or the repository, in the shape of an application's. */
  name: string;
}

/** Where in a repository the build begins. */
export interface Place {
  /** Folder in it. @default all of it */
  context?: string | undefined;
  /** Path of the Dockerfile in the repository. @default `Dockerfile` of the context */
  dockerfile?: string | undefined;
}

/**
 * Opens a folder, or `https://…#<commit>[:<folder>]`, of which it fetches that commit into a temporary folder.
 *
 * @throws OpsError (2) for an address without a commit, naming the newest; (1) where it can't be had.
 */
export async function openSource(given: string, signal: AbortSignal, place: Place = {}): Promise<Source> {
  if (!/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/.test(given)) return openFolder(given, place);
  const [named = "", fragment = ""] = given.split(/#(.*)/);
  const [commit = "", inner = ""] = fragment.split(/:(.*)/);
  const address = withoutLogin(named);
  if (!address.startsWith("https://")) throw usageError(`${address} is not an https:// address, from which an image can be built by everybody: clone it, and give the folder's path`);
  if (place.dockerfile !== undefined) throw usageError(`--dockerfile is for a folder: of a git address a builder takes the Dockerfile of the context alone. Name its folder by --context, or clone the repository and give the folder's path`);
  if (!/^[0-9a-f]{40}$/.test(commit)) {
    const what = commit === "" ? "no commit" : `"${commit}", which is no commit of 40 digits and may be another one tomorrow`;
    throw usageError(`${address} has ${what}: ./berth init '${address}#${await newest(address, commit, signal)}${inner === "" ? "" : `:${inner}`}'`);
  }
  const root = mkdtempSync(join(tmpdir(), "berth-init-"));
  const close = () => rmSync(root, { recursive: true, force: true });
  try {
    await fetchCommit(address, commit, root, signal);
    const path = join(inner, place.context ?? ".").replace(/^\.?\/*$|\/+$/g, "");
    const folder = join(root, path);
    return { root, folder, dockerfile: dockerfileIn(folder, "Dockerfile", root, given), context: `${address}#${commit}${path === "" ? "" : `:${path}`}`, name: nameFrom(path || address), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function openFolder(given: string, place: Place): Source {
  const root = resolve(given);
  if (!isFolder(root)) throw usageError(`${root} is not a folder: give a path, or https://…#<commit>`);
  const folder = resolve(root, place.context ?? ".");
  if (!isFolder(folder)) throw usageError(`--context: ${folder} is not a folder; it is seen from ${root}`);
  const file = place.dockerfile === undefined ? "Dockerfile" : relative(folder, resolve(root, place.dockerfile));
  return { root, folder, context: folder, dockerfile: dockerfileIn(folder, file, root, given), name: nameFrom(root), [Symbol.dispose]: () => undefined };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function dockerfileIn(folder: string, file: string, root: string, given: string): string {
  if (existsSync(join(folder, file))) return file;
  if (file !== "Dockerfile") throw usageError(`--dockerfile: ${join(folder, file)} is not there; the path is seen from ${root}`);
  const [there, ...others] = dockerfilesIn(root);
  const found = there === undefined ? "Without one, ./berth new begins with a template" : `There is ${[there, ...others].join(", ")}: add --dockerfile ${there}`;
  throw usageError(`${given} has no Dockerfile; in a folder of a repository it is named as https://…#<commit>:<folder>, or by --context <folder>. ${found}`);
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
    // A builder takes them along, so the image must be built with them here too.
    if (existsSync(join(folder, ".gitmodules"))) await run("submodule", "update", "-q", "--init", "--recursive", "--depth", "1");
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
