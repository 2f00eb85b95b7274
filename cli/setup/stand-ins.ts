import type Dockerode from "dockerode";
import { label } from "../../standins/build.ts";
import type { Option } from "../arguments.ts";
import type { EarlySettings } from "../project.ts";
import { SetupError } from "./error.ts";

export const standInsOption: Option = {
  type: "boolean",
  help: "run stand-ins for Docker Hub's images where it does not answer, also where berth:environment is prod; or BERTH_STAND_INS=yes",
};

/** What an engine has, as images.ts finds it. */
interface Found {
  standIns: string[];
  stale: string[];
  missing: string[];
  without: string[];
}

/** Whether stand-ins may take the place of Docker Hub's images: for people who write code, or where somebody asks for it. */
export function takesStandIns({ environment }: Pick<EarlySettings, "environment">, asked: boolean, variables: NodeJS.ProcessEnv): boolean {
  return environment === "dev" || asked || variables["BERTH_STAND_INS"] === "yes";
}

/**
 * Images to pull now for a stack that may not run stand-ins: over those that are there, and what Berth's mirror would answer
 * with one. Without Docker Hub all that lack: the engine may know a mirror of somebody's own.
 */
export function toPull({ standIns, stale, missing, without }: Found, hub: boolean, mirrored: boolean): string[] {
  return [...standIns, ...stale, ...(mirrored || !hub ? missing : []), ...(hub ? [] : without)];
}

/** Those for which the stack is refused after that: what Docker Hub has can still be pulled by the program. */
export function refusedOf({ standIns, stale, missing, without }: Found, hub: boolean): string[] {
  return [...standIns, ...stale, ...(hub ? [] : [...missing, ...without])];
}

/** Those of the `wanted` images that an engine has as stand-ins, whoever made them there. */
export async function standInsOn(docker: Dockerode, wanted: ReadonlySet<string>): Promise<string[]> {
  const images = await docker.listImages({ filters: JSON.stringify({ label: [label] }) });
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => wanted.has(tag)).toSorted();
}

/** @param where Which engine, in words. */
export function standInRefusal(stack: string, where: string, images: readonly string[]): SetupError {
  return new SetupError(
    [
      `stack "${stack}" is no dev stack (berth:environment), and on ${where} these images would be stand-ins, other builds than Docker Hub's: ${images.join(", ")}`,
      "Pull them there, where Docker Hub answers; or bring them with docker save and docker load.",
      "To run stand-ins all the same: ./berth up --stand-ins, or BERTH_STAND_INS=yes.",
    ].join("\n"),
  );
}
