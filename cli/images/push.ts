import { execa } from "execa";
import { engineFor } from "../deploy/choose-engine.ts";
import { closest } from "../arguments.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import type { Login } from "../deploy/registry-login.ts";
import type { Deployment } from "../deploy/stack-state.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { git } from "../git.ts";
import { buildFor, buildOf, imagesOf, otherSource, parsePlatforms, partTag, platformsIn } from "./image-platforms.ts";
import { sourceAt, wrongRevision } from "./image-revision.ts";
import { imagesIn, parseImage } from "./image-digests.ts";
import { Progress } from "../progress.ts";
import { withLogins } from "./registry-login.ts";
import type { Step } from "../../standins/report.ts";

export const command: Command = {
  summary: "add the tags latest, date, git ref and commit to an image",
  description: [
    "Adds the tags latest, YYYYMMDD (UTC), the git branch or tag, and sha-<commit> to the digest that the stack runs, in the",
    "registry itself: nothing is built or pulled. An image is refused that was not built from what this commit has.",
    "With --platforms the tags name one index of images for all of these platforms: the one that runs, unchanged; for each",
    "other the one that --part pushed for this commit, or else one that is built here from the same source.",
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    platforms: { type: "string", value: "<list>", help: "linux/amd64,linux/arm64: one index for all of them" },
    part: { type: "boolean", help: "add only sha-<commit>-<architecture>, for --platforms on another machine" },
    json: jsonOption,
  },
  positionals: ["app"],
  examples: ["./berth push", "./berth push root -s prod", "./berth push -s ci --platforms linux/amd64,linux/arm64"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { project, terminal, environment } = context;
    const stack = stackOf(context, parsed);
    const platforms = parsed.values["platforms"] === undefined ? undefined : parsePlatforms(parsed.values["platforms"]);
    if (platforms !== undefined && parsed.flags["part"]) throw usageError("--part is one image of what --platforms joins: give one of the two");
    const { deployer } = await engineFor(context, stack, parsed.values["engine"]);
    const images = imagesIn(await deployer.outputs());
    if (Object.keys(images).length === 0) throw new OpsError(`stack "${stack}" runs no image of an application: ./berth up -s ${stack} builds and pushes them`);
    const app = parsed.positionals[0];
    if (app !== undefined && images[app] === undefined) {
      const near = closest(app, Object.keys(images));
      throw usageError(`stack "${stack}" has no application "${app}": ${near === undefined ? `it has ${Object.keys(images).join(", ")}` : `did you mean ${near}?`}`);
    }
    const { tags, commit } = await gitTags(project.folder, environment);
    const state = platforms === undefined ? {} : await deployer.state();
    const report = new Progress(terminal);
    const pushed: Record<string, { references: string[]; platforms: string[] }> = {};
    const chosen: Chosen[] = [];
    const folders = project.applications(stack);
    const wrong: string[] = [];
    for (const [name, image] of Object.entries(images)) {
      if (app !== undefined && name !== app) continue;
      const { repository, digest } = parseImage(image);
      const address = repository.split("/")[0] ?? "";
      const login = await deployer.login(address);
      terminal.redactor.hide(login?.password);
      const reference = `${repository}@${digest}`;
      const found = await withLogins({ [address]: login }, environment, (loggedIn) => imagesOf(reference, loggedIn)).catch((error: unknown) => {
        throw notTagged(image, error);
      });
      const why = wrongRevision({ stack, name, image: reference, revisions: found.map(({ revision }) => revision), commit, source: await sourceAt(project.folder, folders[name] ?? name, commit) });
      if (why !== undefined) wrong.push(why);
      chosen.push({ name, image, repository, digest, address, login, own: found.map(({ platform }) => platform) });
    }
    if (wrong.length > 0) throw new OpsError(`nothing was tagged:\n${wrong.join("\n")}`);
    for (const { name, image, repository, digest, address, login, own } of chosen) {
      const step = report.step(name);
      try {
        pushed[name] = await withLogins({ [address]: login }, environment, async (loggedIn) => {
          if (parsed.flags["part"] && own.length !== 1) throw new OpsError(`${image} is for ${own.join(" and ")}, so it is no part: ./berth push tags it`);
          const wanted = parsed.flags["part"] ? own.map((platform) => partTag(tags.at(-1) ?? "", platform)) : tags;
          const parts = await partsFor({ stack, repository, digest, own, platforms: platforms ?? own, commitTag: tags.at(-1) ?? "", state, environment: loggedIn, step });
          const references = wanted.map((tag) => `${repository}:${tag}`);
          await addTags(references, parts, loggedIn);
          step.done(`${digest.slice(0, 19)}, ${(platforms ?? own).join(" and ")}, is ${wanted.join(", ")}`);
          return { references, platforms: platforms ?? own };
        });
      } catch (error) {
        step.fail("not tagged");
        throw notTagged(image, error);
      }
    }
    if (parsed.flags["json"]) terminal.json({ stack, pushed: Object.fromEntries(Object.entries(pushed).map(([name, { references }]) => [name, references])), platforms: Object.fromEntries(Object.entries(pushed).map(([name, image]) => [name, image.platforms])) });
    else for (const reference of Object.values(pushed).flatMap(({ references }) => references)) terminal.result(reference);
    return 0;
  },
};

/** An image that is to be tagged, with what its registry says of it. */
interface Chosen {
  name: string;
  image: string;
  repository: string;
  digest: string;
  /** Of the registry. */
  address: string;
  login: Login | undefined;
  /** Platforms that it is for. */
  own: string[];
}

function notTagged(image: string, error: unknown): OpsError {
  return error instanceof OpsError ? error : new OpsError(`${image} could not be tagged: ${(error as { stderr?: string }).stderr?.trim() ?? String(error)}`);
}

interface Wanted {
  stack: string;
  repository: string;
  /** Of the image that runs, and the platforms that it is for. */
  digest: string;
  own: string[];
  platforms: string[];
  commitTag: string;
  state: Deployment;
  environment: NodeJS.ProcessEnv;
  step: Step;
}

/** The images, by digest or tag, that are joined under the tags. */
async function partsFor({ stack, repository, digest, own, platforms, commitTag, state, environment, step }: Wanted): Promise<string[]> {
  const parts = own.some((platform) => platforms.includes(platform)) ? [`${repository}@${digest}`] : [];
  for (const platform of platforms.filter((name) => !own.includes(name))) {
    const tag = `${repository}:${partTag(commitTag, platform)}`;
    if ((await platformsIn(tag, environment)).includes(platform)) {
      parts.push(tag);
      continue;
    }
    const inputs = buildOf(state, repository);
    if (inputs === undefined) throw new OpsError(`stack "${stack}" did not build ${repository}, and ${tag} is not in the registry: run ./berth push --part on a machine for ${platform}, in the stack that builds it`);
    const other = otherSource(inputs);
    if (other !== undefined) throw new OpsError(`${repository} can't be built for ${platform} too, as it would be of another source: ${other}. ./berth up -s ${stack} first`);
    step.progress?.(`building it for ${platform}`);
    parts.push(`${repository}@${await buildFor(platform, inputs, tag, environment)}`);
  }
  return parts;
}

/** Tags of this moment and commit. In GitHub's workflows the ref is the one that started them. */
export function imageTags(now: Date, ref: string | undefined, commit: string): string[] {
  const date = now.toISOString().slice(0, 10).replaceAll("-", "");
  const clean = ref?.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "").slice(0, 128);
  return [...new Set(["latest", date, ...(clean ? [clean] : []), `sha-${commit.slice(0, 7)}`])];
}

async function gitTags(folder: string, environment: NodeJS.ProcessEnv): Promise<{ tags: string[]; commit: string }> {
  const ask = async (...args: string[]) => (await git(folder, args)).trim();
  try {
    const commit = environment["GITHUB_SHA"] ?? (await ask("rev-parse", "HEAD"));
    const ref = environment["GITHUB_REF_NAME"] ?? ((await ask("tag", "--points-at", "HEAD")).split("\n")[0] || (await ask("branch", "--show-current")));
    return { tags: imageTags(new Date(), ref, commit), commit };
  } catch (error) {
    throw new OpsError(`${folder} is not a git checkout with a commit, so an image has no ref to be tagged with: ${messageOf(error)}`);
  }
}

/** In the registry itself; more than one source make an index. */
export async function addTags(references: string[], sources: string[], environment: NodeJS.ProcessEnv): Promise<void> {
  await execa("docker", ["buildx", "imagetools", "create", ...references.flatMap((reference) => ["--tag", reference]), ...sources], { env: environment, extendEnv: false });
}
