import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chooseDeployer } from "../choose.ts";
import { closest } from "../arguments.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import type { Login } from "../deployer.ts";
import { OpsError, usageError } from "../exit.ts";
import { Progress, silent } from "../progress.ts";

const run = promisify(execFile);

export const command: Command = {
  summary: "add the tags latest, date, git ref and commit to an image",
  description: "Adds the tags latest, YYYYMMDD (UTC), the git branch or tag, and sha-<commit> to the digest that the stack runs, in the\nregistry itself: nothing is built or pulled.",
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  positionals: ["app"],
  examples: ["./berth push", "./berth push root -s prod"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { project, terminal, environment } = context;
    const stack = stackOf(context, parsed);
    const { deployer, passphrase } = await chooseDeployer({ project, stack, environment, engine: parsed.values["engine"], report: silent, install: false });
    terminal.redactor.hide(passphrase.value);
    const images = ((await deployer.outputs())["imageDigests"]?.value ?? {}) as Record<string, string>;
    if (Object.keys(images).length === 0) throw new OpsError(`stack "${stack}" runs no image of an application: ./berth up -s ${stack} builds and pushes them`);
    const app = parsed.positionals[0];
    if (app !== undefined && images[app] === undefined) {
      const near = closest(app, Object.keys(images));
      throw usageError(`stack "${stack}" has no application "${app}": ${near === undefined ? `it has ${Object.keys(images).join(", ")}` : `did you mean ${near}?`}`);
    }
    const tags = await gitTags(project.folder, environment);
    const report = new Progress(terminal);
    const pushed: Record<string, string[]> = {};
    for (const [name, image] of Object.entries(images)) {
      if (app !== undefined && name !== app) continue;
      const step = report.step(name);
      const { repository, digest } = parseImage(image);
      const login = await deployer.login(repository.split("/")[0] ?? "");
      terminal.redactor.hide(login?.password);
      const references = tags.map((tag) => `${repository}:${tag}`);
      try {
        await addTags(references, `${repository}@${digest}`, login, environment);
      } catch (error) {
        step.fail("not tagged");
        throw new OpsError(`${image} could not be tagged: ${(error as { stderr?: string }).stderr?.trim() ?? String(error)}`);
      }
      step.done(`${digest.slice(0, 19)} is ${tags.join(", ")}`);
      pushed[name] = references;
    }
    if (parsed.flags["json"]) terminal.json({ stack, pushed });
    else for (const reference of Object.values(pushed).flat()) terminal.result(reference);
    return 0;
  },
};

/** `127.0.0.1:5555/root:tag@sha256:…` in its parts. */
export function parseImage(image: string): { repository: string; digest: string } {
  const [, repository, digest] = /^(.+?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (repository === undefined || digest === undefined) throw new OpsError(`the output imageDigests has "${image}", which is not <repository>[:<tag>]@sha256:<digest>`);
  return { repository, digest };
}

/** Tags of this moment and commit. In GitHub's workflows the ref is the one that started them. */
export function imageTags(now: Date, ref: string | undefined, commit: string): string[] {
  const date = now.toISOString().slice(0, 10).replaceAll("-", "");
  const clean = ref?.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "").slice(0, 128);
  return [...new Set(["latest", date, ...(clean ? [clean] : []), `sha-${commit.slice(0, 7)}`])];
}

async function gitTags(folder: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const git = async (...args: string[]) => (await run("git", ["-C", folder, ...args])).stdout.trim();
  try {
    const commit = environment["GITHUB_SHA"] ?? (await git("rev-parse", "HEAD"));
    const ref = environment["GITHUB_REF_NAME"] ?? ((await git("tag", "--points-at", "HEAD")).split("\n")[0] || (await git("branch", "--show-current")));
    return imageTags(new Date(), ref, commit);
  } catch (error) {
    throw new OpsError(`${folder} is not a git checkout with a commit, so an image has no ref to be tagged with: ${String(error)}`);
  }
}

/** The login is given to this one command in a folder of its own, never written to the user's. */
async function addTags(references: string[], source: string, login: Login | undefined, environment: NodeJS.ProcessEnv): Promise<void> {
  const args = ["buildx", "imagetools", "create", ...references.flatMap((reference) => ["--tag", reference]), source];
  if (login === undefined) return void (await run("docker", args, { env: environment }));
  const folder = mkdtempSync(join(tmpdir(), "berth-"));
  try {
    const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [source.split("/")[0] ?? ""]: { auth } } }), { mode: 0o600 });
    await run("docker", args, { env: { ...environment, DOCKER_CONFIG: folder } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
