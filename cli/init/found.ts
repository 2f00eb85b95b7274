import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { OpsError } from "../exit.ts";
import type { Build, BuiltImage } from "./built-image.ts";
import type { Found } from "./definition.ts";
import type { DockerfileText } from "./dockerfile.ts";
import { readEnvironment } from "./environment.ts";
import { requestIn } from "./health.ts";
import { type ImageFacts, imageFacts } from "./image-config.ts";
import { type RootNeeds, rootNeeds, startFiles } from "./start.ts";
import { userOf } from "./user.ts";

const sampleFiles = [".env.example", ".env.sample", ".env.template"];

/** Text of the sample files of the first of the folders that has any, and their names. */
export function samplesIn(...folders: string[]): { samples: string[]; sample: string } {
  const found = folders.map((folder) => sampleFiles.map((file) => join(folder, file)).filter((file) => existsSync(file))).find((files) => files.length > 0) ?? [];
  return { samples: found.map((file) => basename(file)), sample: found.map((file) => readFileSync(file, "utf8")).join("\n") };
}

/**
 * What an image says, with what its Dockerfile and the sample of variables add; all but the port.
 *
 * @throws OpsError (1) for an image that no engine starts: without a command, or with a user that it does not know.
 */
export async function lookInto(image: BuiltImage, build: Build, dockerfile: DockerfileText, sample: string): Promise<Omit<Found, "port"> & { sampledPort: string | undefined }> {
  const facts = imageFacts(image.config);
  const environment = readEnvironment({ sample, image: facts.env, own: dockerfile.env, args: dockerfile.args });
  if (facts.entrypoint.length + facts.command.length === 0) throw new OpsError("the image has no ENTRYPOINT and no CMD, so it can't be started: add one to its Dockerfile");
  const user = userOf(facts.user, (await image.read("/etc/passwd")) ?? "", (await image.read("/etc/group")) ?? "");
  if (user === undefined) throw new OpsError(`the image is to run as USER ${facts.user}, which is not in its /etc/passwd and /etc/group: make that user in its Dockerfile, or name a number`);
  return { facts, dockerfile, environment, user, root: await rootOf(image, facts), health: requestIn(facts.health?.command ?? [], facts.env), build, sampledPort: environment.env["PORT"] };
}

async function rootOf(image: BuiltImage, { entrypoint, command, directory, env }: ImageFacts): Promise<RootNeeds> {
  const scripts = await Promise.all(startFiles([...entrypoint, ...command], directory, env["PATH"]).map((places) => firstOf(image, places)));
  return rootNeeds([...entrypoint, ...command], scripts.filter((text) => text !== undefined));
}

async function firstOf(image: BuiltImage, places: readonly string[]): Promise<string | undefined> {
  for (const place of places) {
    const text = await image.read(place);
    if (text !== undefined) return text;
  }
  return undefined;
}

