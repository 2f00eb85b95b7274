import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { buildTag } from "../../components/image/image.ts";
import { imageLabels, revisionLabel } from "../../config/image-labels.ts";
import { build } from "../../docker/buildx.ts";
import { buildArguments } from "../../pulumi/docker-build/arguments.ts";
import { type Deployment, realResources } from "../deploy/stack-state.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { types } from "../../pulumi/resource-types.ts";
import { revisionOf } from "./revision.ts";

/** What was built of an application, as the state of its stack has it. */
export type BuildInputs = Record<string, unknown>;

/** `linux/amd64,linux/arm64` as a list. @throws OpsError (2) for what is no platform. */
export function parsePlatforms(text: string): string[] {
  const platforms = text.split(",").map((platform) => platform.trim());
  const wrong = platforms.find((platform) => !/^linux\/[a-z0-9]+(\/v\d)?$/.test(platform));
  if (wrong !== undefined) throw usageError(`"${wrong}" in --platforms is no platform: give them as linux/amd64,linux/arm64`);
  return [...new Set(platforms)];
}

/** Tag of the image of one platform: `sha-0123456-arm64`, `sha-0123456-arm-v7`. */
export function partTag(commitTag: string, platform: string): string {
  return `${commitTag}-${platform.split("/").slice(1).join("-")}`;
}

/** The inputs of the build that pushed to this repository; undefined where the stack did not build it. */
export function buildOf(deployment: Deployment, repository: string): BuildInputs | undefined {
  return realResources(deployment).find(({ type, inputs }) => type === types.built && (inputs?.["tags"] as string[] | undefined)?.[0] === `${repository}:${buildTag}`)?.inputs;
}

/**
 * Why the source that is here now would make another image than the one that runs; undefined where it would not.
 *
 * @example
 * otherSource({ context: { location: "/berth/apps/root" }, labels }); // "the stack runs 0f3c…, and /berth/apps/root is at 91ab…"
 */
export function otherSource(inputs: BuildInputs, labelsNow = imageLabels): string | undefined {
  const { location } = inputs["context"] as { location: string };
  const built = revisionOf(inputs);
  const now = labelsNow(location)[revisionLabel];
  return built === now ? undefined : `the stack runs ${built ?? "no known revision"}, and ${location} is at ${now ?? "none"}`;
}

/** The platform of an image with one, or those of an index, as its registry has it: `["linux/amd64"]`; empty where it is not there. */
export async function platformsIn(reference: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  return (await imagesOf(reference, environment)).map(({ platform }) => platform);
}

/** An image, or one of an index. */
export interface PlatformImage {
  /** For example `linux/amd64`. */
  platform: string;
  /** That it says it was built from; undefined where it says none. */
  revision: string | undefined;
}

/** What a reference stands for in its registry; nothing where it is not there. */
export async function imagesOf(reference: string, environment: NodeJS.ProcessEnv): Promise<PlatformImage[]> {
  const inspect = ["buildx", "imagetools", "inspect", reference, "--format"];
  try {
    const { stdout } = await execa("docker", [...inspect, "{{json .Image}}"], { env: environment, extendEnv: false });
    const image = JSON.parse(stdout) as Partial<Platform> | Record<string, Platform>;
    const images = "architecture" in image && typeof image.architecture === "string" ? [image as Platform] : Object.values(image as Record<string, Platform>);
    return images.map((one) => ({ platform: platformName(one), revision: one.config?.Labels?.[revisionLabel] }));
  } catch (error) {
    if (/not found|NAME_UNKNOWN|MANIFEST_UNKNOWN/i.test((error as { stderr?: string }).stderr ?? "")) return [];
    throw error;
  }
}

interface Platform {
  os: string;
  architecture: string;
  variant?: string;
  config?: { Labels?: Record<string, string> | null };
}

/** arm64 has one variant, which its images name or not. */
function platformName({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined || architecture === "arm64" ? "" : `/${variant}`}`;
}

/**
 * Builds an image again for another platform, from the inputs of the build that runs, and pushes it.
 *
 * @returns The digest that the registry gave.
 * @throws OpsError saying what to install where this machine can't run that platform's programs.
 */
export async function buildFor(platform: string, inputs: BuildInputs, tag: string, environment: NodeJS.ProcessEnv): Promise<string> {
  if (inputs["secrets"] !== undefined) throw new OpsError(`${tag} was not built for ${platform}: its build needs the secrets of its stack, which push does not read. Run ./berth up on a host for ${platform}`);
  const folder = await mkdtemp(join(tmpdir(), "berth-build-"));
  try {
    const metadata = join(folder, "metadata.json");
    // The Pulumi provider's state has the text of the Dockerfile beside its place.
    const { location } = (inputs["dockerfile"] ?? {}) as { location?: string };
    const dockerfile: BuildInputs = location === undefined ? {} : { dockerfile: { location } };
    await build(["--metadata-file", metadata, ...buildArguments({ ...inputs, ...dockerfile, tags: [tag], platforms: [platform] })], { environment });
    return (JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>)["containerimage.digest"] ?? "";
  } catch (error) {
    const text = messageOf(error);
    const emulated = /exec format error|exec user process caused/i.test(text);
    const advice = emulated ? `this machine can't run programs for ${platform}: run ./berth push --part on one that can, or install QEMU (docs/images.md)` : text.split("\n").slice(-20).join("\n");
    throw new OpsError(`${tag} was not built for ${platform}: ${advice}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
