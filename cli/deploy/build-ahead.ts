import { existsSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { isDeepStrictEqual } from "node:util";
import { build, refusedBase } from "../../docker/buildx.ts";
import { bareHost, registryOf } from "../../docker/login.ts";
import { buildArguments } from "../../pulumi/docker-build/arguments.ts";
import { contextHash } from "../../pulumi/docker-build/context-hash.ts";
import { platformImages } from "../../standins/images.ts";
import { exitCodes, messageOf, OpsError } from "../exit.ts";
import { cacheOf } from "../images/layers-from.ts";
import { namedImages } from "../setup/wanted-images.ts";
import type { ResourceEvent, RunOptions } from "./deployer.ts";
import { type Deployment, realResources } from "./stack-state.ts";
import type { Registration } from "./recorded-program.ts";

type Inputs = Registration["inputs"];

/** Roles of images.lock.json whose images compile. */
const compilers: ReadonlySet<string> = new Set(["go", "rust"]);

/** What decides which layers a build has; tags and labels change none. */
const layers = ["context", "dockerfile", "target", "buildArgs", "platforms", "network", "addHosts", "builder"];

export interface AheadOptions extends Pick<RunOptions, "onEvent" | "signal" | "replace"> {
  /** Where each image is looked for under its name, for the layers that are in it; one that is not there, or can't be read, is passed over. @default nowhere */
  layersFrom?: string | undefined;
}

/** Builds that go on beside an update; disposing of them ends those that still run. */
export type BuildsBeside = AsyncDisposable;

/**
 * Builds the images that an update is going to build, before it begins, so that a build that fails changes nothing, and
 * people see which step of which image runs: the provider says neither. It pushes nothing. The update's own build then
 * finds each layer in the builder's cache.
 *
 * Images that compile nothing come first: they take seconds, and beside a compiler minutes. The first update of a stack
 * begins as soon as they are there, so that their applications answer while the others compile: it has nothing yet that
 * a build could harm.
 *
 * @param images The program's image builds.
 * @throws OpsError with the last lines of each build that failed.
 */
export async function buildAhead(images: readonly Registration[], state: Deployment, { onEvent, signal, layersFrom, replace = [] }: AheadOptions): Promise<BuildsBeside> {
  const due = (await Promise.all(images.map(async (image) => (replace.includes(image.urn) || (await isDue(image, state)) ? [image] : [])))).flat();
  const { compiled = [], light = [] } = Object.groupBy(due, ({ inputs }) => (compiles(inputs) ? "compiled" : "light"));
  await allBuilt(light, { onEvent, signal, layersFrom });
  if (realResources(state).length > 0) {
    await allBuilt(compiled, { onEvent, signal, layersFrom });
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const end = new AbortController();
  // The update runs into the same failure, and tells it.
  const builds = allBuilt(compiled, { layersFrom, onEvent: (event) => event.phase !== "failed" && onEvent?.(event), signal: AbortSignal.any([end.signal, ...(signal === undefined ? [] : [signal])]) });
  const ended = builds.catch(() => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await ended;
    },
  };
}

async function allBuilt(images: readonly Registration[], { onEvent, signal, layersFrom }: AheadOptions): Promise<void> {
  const results = await Promise.allSettled(
    images.map(async ({ urn, type, name, inputs }) => {
      const tell = (event: Pick<ResourceEvent, "phase" | "message" | "ms">) => onEvent?.({ op: "build", urn, type, name, ...event });
      const started = performance.now();
      tell({ phase: "start" });
      try {
        await build([...begun(inputs, layersFrom), ...unpushed(inputs)], { signal, onStep: (message) => tell({ phase: "progress", message }) });
        tell({ phase: "done", ms: performance.now() - started });
      } catch (error) {
        if (needsLogin(inputs, messageOf(error))) return;
        tell({ phase: "failed", ms: performance.now() - started });
        throw new OpsError(`the image of ${name.replace(/-image$/, "")} can't be built (${commandOf(inputs)}):\n${messageOf(error)}`);
      }
    }),
  );
  if (signal?.aborted === true) throw new OpsError("interrupted; nothing was changed", exitCodes.interrupted);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
  if (failures.length > 0) throw new OpsError(failures.join("\n"));
}

/** Whether an image's Dockerfile begins with a compiler. */
function compiles(inputs: Inputs): boolean {
  const { location } = (inputs["dockerfile"] ?? {}) as { location?: string };
  if (location === undefined || !existsSync(location)) return false;
  const named = namedImages(readFileSync(location, "utf8"));
  return platformImages().some(({ role, reference }) => compilers.has(role) && named.has(reference.split("@")[0] ?? ""));
}

/** `docker buildx build`'s arguments of an image that is neither named nor pushed. */
export function unpushed(inputs: Inputs): string[] {
  return buildArguments(Object.fromEntries(layers.flatMap((key) => (inputs[key] === undefined ? [] : [[key, inputs[key]]]))));
}

/** What the build of an image that has a name begins with. */
function begun({ tags }: Inputs, prefix: string | undefined): string[] {
  const [tag] = Array.isArray(tags) ? tags : [];
  return prefix === undefined || typeof tag !== "string" ? [] : cacheOf(prefix, tag);
}

/** The command that builds an image without naming or pushing it, to type. */
export function commandOf(inputs: Inputs): string {
  return ["docker", "buildx", "build", ...unpushed(inputs)].join(" ");
}

/** Whether a build failed for want of a login to a base image's registry that the update has. */
function needsLogin(inputs: Inputs, output: string): boolean {
  const base = refusedBase(output);
  const logins = (inputs["registries"] ?? []) as { address: string }[];
  return base !== undefined && logins.some(({ address }) => bareHost(address) === registryOf(base));
}

/**
 * Whether the update builds the image from something else than the last one did. With a cache in a registry it is left to
 * the update, which has the registry's login: without that cache everything would be compiled here.
 */
async function isDue({ urn, inputs }: Registration, { resources = [] }: Deployment): Promise<boolean> {
  // The stack's secrets are not decrypted here.
  if (inputs["cacheFrom"] !== undefined || inputs["secrets"] !== undefined) return false;
  const last = resources.find((resource) => resource.urn === urn && resource.delete !== true);
  // The CLI's provider records "" of what is not given.
  const given = (key: string) => [inputs[key] || undefined, last?.inputs?.[key] || undefined] as const;
  if (last === undefined || ["target", "buildArgs", "platforms"].some((key) => !isDeepStrictEqual(...given(key)))) return true;
  const { location } = inputs["context"] as { location: string };
  if (/^https?:/.test(location)) return !isDeepStrictEqual(...given("context"));
  const file = (inputs["dockerfile"] as { location: string } | undefined)?.location ?? `${location}/Dockerfile`;
  return (await contextHash(location, file)) !== last.outputs?.["contextHash"];
}
