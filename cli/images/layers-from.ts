import { setting } from "../../config/settings.ts";
import { prefixOf } from "../../config/settings/registry.ts";
import { usageError } from "../exit.ts";
import type { Project } from "../project.ts";

/** The variable that names a stack, whose images in its registry elsewhere builds begin with; they are only read. */
export const layersVariable = "BERTH_LAYERS_FROM";

/**
 * Where builds on this machine find the layers of images that another has pushed, for example `ghcr.io/acme`.
 *
 * @returns Undefined where the environment names no stack.
 * @throws OpsError (2) for a stack without a file, or with a registry of its own, which no other machine reaches.
 */
export function layersFrom(project: Project, environment: NodeJS.ProcessEnv): string | undefined {
  const stack = environment[layersVariable];
  if (!stack) return undefined;
  const remote = project.stacks().filter((name) => !("port" in registryOf(project, name)));
  if (!remote.includes(stack)) throw usageError(`${layersVariable} is "${stack}", but must be a stack whose berth:registry has a host: ${remote.join(", ") || "none has"}`);
  return prefixOf(registryOf(project, stack));
}

function registryOf(project: Project, stack: string) {
  return setting("registry", project.readStack(stack).config?.["berth:registry"]);
}

/** The argument of `docker buildx build` by which it begins with the layers there of an image with this tag. */
export function cacheOf(prefix: string, tag: string): string[] {
  return ["--cache-from", `type=registry,ref=${prefix}/${tag.slice(tag.lastIndexOf("/") + 1)}`];
}
