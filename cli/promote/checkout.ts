import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, OpsError } from "../exit.ts";
import { askGit, git } from "../git.ts";

export interface Base {
  /** Branch that the change is for. */
  branch: string;
  /** Its newest commit: origin's where there is one. */
  commit: string;
  /** Address of origin. */
  origin: string | undefined;
}

/** A branch as it is before it is moved. */
export interface Standing {
  /** Its newest commit at origin, or here where there is no origin; undefined where there is none. */
  tip: string | undefined;
  /** Its newest commit here. */
  here: string | undefined;
  /** Commits on it that others made, newest first. */
  foreign: string[];
  /** The same of those that are here and not at origin. */
  unpushed: string[];
}

/** A git checkout, of which neither the files nor the index nor the current branch is changed. */
export class Checkout {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  /** Path of the folder in its repository, with a / at its end; empty at the top. */
  #prefix = "";

  private constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#environment = environment;
  }

  /** @throws OpsError where the folder is not in a git repository with a commit. */
  static async open(folder: string, environment: NodeJS.ProcessEnv): Promise<Checkout> {
    const checkout = new Checkout(folder, environment);
    try {
      await checkout.git("rev-parse", "--verify", "HEAD");
      checkout.#prefix = await checkout.git("rev-parse", "--show-prefix");
    } catch (error) {
      throw new OpsError(`${folder} is not a git checkout with a commit, so there is no branch for a change of it: ${messageOf(error)}`);
    }
    return checkout;
  }

  /** What git printed. @throws OpsError with what it said. */
  async git(...args: string[]): Promise<string> {
    return (await git(this.folder, args, { environment: this.#environment })).trim();
  }

  /** As {@link git}; undefined where it fails. */
  async ask(...args: string[]): Promise<string | undefined> {
    return askGit(this.folder, args, { environment: this.#environment });
  }

  /** The branch that a change is for: as given, origin's default, or the current one; brought up to date from origin. */
  async base(given: string | undefined): Promise<Base> {
    const origin = await this.ask("remote", "get-url", "origin");
    const current = (await this.git("branch", "--show-current")) || undefined;
    const main = origin === undefined ? undefined : /^ref: refs\/heads\/(\S+)\s+HEAD$/m.exec(await this.git("ls-remote", "--symref", "origin", "HEAD"))?.[1];
    const branch = given ?? main ?? current;
    if (branch === undefined) throw new OpsError("HEAD is on no branch: name the one that the change is for, --base main, or git switch to it");
    if (origin === undefined) return { branch, origin, commit: await this.git("rev-parse", "--verify", `refs/heads/${branch}^{commit}`) };
    const tracked = `refs/remotes/origin/${branch}`;
    try {
      await this.git("fetch", "--quiet", "--no-tags", "origin", `+refs/heads/${branch}:${tracked}`);
    } catch (error) {
      throw new OpsError(`branch ${branch} can't be had from origin: git push origin ${branch}, or name another with --base. ${messageOf(error)}`);
    }
    return { branch, origin, commit: await this.git("rev-parse", "--verify", tracked) };
  }

  /** The newest commit of a branch, at origin where there is one; undefined where it is not there. */
  async branch(name: string, origin: string | undefined): Promise<string | undefined> {
    if (origin === undefined) return (await this.ask("rev-parse", "--verify", "--quiet", `refs/heads/${name}`)) || undefined;
    const tracked = `refs/remotes/origin/${name}`;
    const fetched = await this.ask("fetch", "--quiet", "--no-tags", "origin", `+refs/heads/${name}:${tracked}`);
    return fetched === undefined ? undefined : this.ask("rev-parse", "--verify", tracked);
  }

  /** A file's text in a commit; undefined where it has none. */
  async fileIn(commit: string, path: string): Promise<string | undefined> {
    return git(this.folder, ["show", `${commit}:./${path}`], { environment: this.#environment }).catch(() => undefined);
  }

  /** A commit on top of another in which one file has another text. Author and committer are git's configured user. */
  commitFile(parent: string, path: string, text: string, message: string): Promise<string> {
    return this.commitFiles(parent, { [path]: text }, message);
  }

  /** As {@link commitFile}, of several files, path to text. */
  async commitFiles(parent: string, files: Record<string, string>, message: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "berth-index-"));
    const index = { GIT_INDEX_FILE: join(folder, "index") };
    try {
      await this.#feed(["read-tree", parent], "", index);
      for (const [path, text] of Object.entries(files)) {
        const mode = (await this.git("ls-tree", parent, "--", path)).split(" ")[0] || "100644";
        const blob = await this.#feed(["hash-object", "-w", "--stdin"], text);
        await this.#feed(["update-index", "--add", "--cacheinfo", `${mode},${blob},${this.#prefix}${path}`], "", index);
      }
      const tree = await this.#feed(["write-tree"], "", index);
      const sign = (await this.ask("config", "--type=bool", "commit.gpgsign")) === "true" ? ["-S"] : [];
      return await this.#feed(["commit-tree", ...sign, "-p", parent, "-F", "-", tree], message);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The branch as it is now, at origin and here, and which of its commits somebody else made: ours have the trailer `mark`. */
  async standing(name: string, base: Base, mark = "Promoted-from"): Promise<Standing> {
    const tip = await this.branch(name, base.origin);
    const here = await this.branch(name, undefined);
    const unpushed = here === undefined || base.origin === undefined ? [] : await this.#foreign(mark, [here, `^${base.commit}`, ...(tip === undefined ? [] : [`^${tip}`])]);
    return { tip, here, foreign: tip === undefined ? [] : await this.#foreign(mark, [tip, `^${base.commit}`]), unpushed };
  }

  async #foreign(mark: string, range: string[]): Promise<string[]> {
    const told = await this.git("log", `--format=%H %(trailers:key=${mark},separator=%x20)`, ...range);
    return told.split("\n").map((line) => line.trimEnd()).filter((line) => /^[0-9a-f]+$/.test(line));
  }

  /** Whether what two commits made of a file since they parted can be joined without a conflict. */
  async mergesCleanly(text: string, commit: string, other: string, path: string): Promise<boolean> {
    const parted = await this.ask("merge-base", commit, other);
    const theirs = await this.fileIn(other, path);
    const before = parted === undefined ? undefined : await this.fileIn(parted, path);
    if (theirs === undefined || before === undefined) return false;
    const folder = await mkdtemp(join(tmpdir(), "berth-merge-"));
    try {
      const files = await Promise.all([text, before, theirs].map(async (content, index) => {
        const file = join(folder, String(index));
        await writeFile(file, content);
        return file;
      }));
      return (await this.ask("merge-file", "-p", ...files)) !== undefined;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /**
   * Points a branch of our own at a commit, here and at origin.
   *
   * @throws OpsError where it is no longer as it was looked at, so that nobody's commit is lost.
   */
  async publish(branch: string, commit: string, origin: string | undefined, was: Pick<Standing, "tip" | "here">): Promise<void> {
    const ref = `refs/heads/${branch}`;
    const checkedOut = (await this.git("worktree", "list", "--porcelain")).split("\n").includes(`branch ${ref}`);
    if (checkedOut) throw new OpsError(`branch ${branch} is checked out, and would be moved: git switch another first`);
    if (origin !== undefined) {
      await this.git("push", "--quiet", `--force-with-lease=${ref}:${was.tip ?? ""}`, "origin", `${commit}:${ref}`).catch((error: unknown) => {
        throw /stale info/.test(messageOf(error)) ? new OpsError(`branch ${branch} was moved at origin meanwhile, and is left as it is: promote again`) : error;
      });
    }
    await this.git("update-ref", "-m", "berth promote", ref, commit, was.here ?? "0".repeat(40));
  }

  async #feed(args: string[], input: string, variables: NodeJS.ProcessEnv = {}): Promise<string> {
    return (await git(this.folder, args, { environment: { ...this.#environment, ...variables }, input })).trim();
  }
}
