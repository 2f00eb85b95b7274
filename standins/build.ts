import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Report } from "./report.ts";
import { baseRecipe, buildBase, type BaseRecipe } from "./base.ts";
import { copyToMirror } from "./copy.ts";
import { docker, localImages } from "./docker.ts";
import { onDockerHub, platformImages, type PlatformImage } from "./images.ts";
import { readMachine, type Machine } from "./machine.ts";
import { engineUsesMirror, hashInMirror, mirror, resumeMirror, startMirror } from "./mirror.ts";
import { parseStages, recipeHash } from "./recipe.ts";

/** One stand-in: an image of the lock, and the hash of everything that it is made of. */
export interface StandIn {
  reference: string;
  target: string;
  hash: string;
  /** Whether the mirror has a copy, where there is one. */
  isMirrored: boolean;
}

export interface Recipes {
  machine: Machine;
  base: BaseRecipe;
  standIns: StandIn[];
  /** References of the lock that nothing here can make. */
  without: string[];
}

const folder = fileURLToPath(new URL(".", import.meta.url));
/** The label that every stand-in carries; an image built on one inherits it. */
export const label = "berth.standin";

/** Reads the recipes and this machine's settings, and hashes what each stand-in is made of. No engine is asked. */
export async function readRecipes(images: readonly PlatformImage[] = platformImages()): Promise<Recipes> {
  const machine = await readMachine();
  const base = await baseRecipe(machine);
  const stages = parseStages(await readFile(`${folder}Dockerfile`, "utf8"));
  const standIns = await Promise.all(
    images.flatMap(({ reference, contract }) => (contract === undefined ? [] : [{ reference, contract }])).map(async ({ reference, contract: { target, isBuiltOn = false, files = [] } }) => {
      const contents = await Promise.all(files.map((file) => readFile(`${folder}${file}`, "utf8")));
      return { reference, target, isMirrored: !isBuiltOn && onDockerHub(reference), hash: target === "base" ? base.hash : recipeHash(stages, target, [base.hash, ...contents]) };
    }),
  );
  return { machine, base, standIns, without: images.filter((image) => image.contract === undefined).map((image) => image.reference) };
}

/**
 * Sees to it that the engine has every stand-in of `wanted` (all by default) with its present recipe: reused, pulled
 * from the mirror, or built. Where the engine asks the mirror, the mirror gets a copy.
 */
export async function buildStandIns(report: Report, recipes: Recipes, wanted: ReadonlySet<string> = new Set(recipes.standIns.map((s) => s.reference))): Promise<void> {
  const base = recipes.standIns.find((standIn) => standIn.target === "base");
  const registry = recipes.standIns.find((standIn) => standIn.target === "registry");
  if (base === undefined || registry === undefined) throw new Error("images.lock.json: the roles toolbox and registry are needed to build stand-ins");
  const builder = await docker(["context", "show"]);
  const mirrored = await engineUsesMirror();
  if (mirrored) await resumeMirror();
  else report.note(`The engine asks no mirror on ${mirror.address}: the stand-ins are put into the engine itself, under their usual names.`);

  await provide(report, base, mirrored, () => buildBase(recipes.base, base.reference, recipes.machine));
  const baseName = `berth-base:${base.hash}`;
  await docker(["tag", base.reference, baseName]);
  const build = (standIn: StandIn) => buildStage(standIn, builder, recipes.machine, baseName);

  // Largest first: they decide how long the whole takes.
  const rest = recipes.standIns.filter((standIn) => wanted.has(standIn.reference) && standIn !== base && standIn !== registry);
  const order = ["go", "rust", "node", "traefik", "postgres"];
  rest.sort((a, b) => (order.indexOf(a.target) >>> 0) - (order.indexOf(b.target) >>> 0));

  const started = provide(report, registry, mirrored, () => build(registry)).then(() => mirrored && start(report, registry));
  const copy = async (standIn: StandIn) => {
    if ((await started) && standIn.isMirrored && (await hashInMirror(standIn.reference)) !== standIn.hash) await copyToMirror(standIn.reference);
  };
  const results = await Promise.allSettled([started, copy(base), copy(registry), ...rest.map((standIn) => provide(report, standIn, mirrored, () => build(standIn), () => copy(standIn)))]);
  await docker(["rmi", baseName]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function provide(report: Report, standIn: StandIn, mirrored: boolean, build: () => Promise<void>, copy?: () => Promise<void>): Promise<void> {
  const { reference, hash, isMirrored } = standIn;
  const step = report.step(reference);
  try {
    const before = (await localImages([reference])).get(reference);
    let how = "reused";
    if (before?.labels[label] !== hash) {
      const inMirror = mirrored && isMirrored && (await hashInMirror(reference)) === hash;
      step.progress?.(inMirror ? "pulling the stand-in from the mirror" : "building the stand-in");
      await (inMirror ? docker(["pull", "--quiet", reference]) : build());
      how = inMirror ? "pulled from the mirror" : "built";
    }
    await copy?.();
    const after = (await localImages([reference])).get(reference);
    if (before !== undefined && after?.id !== before.id) await docker(["rmi", before.id]).catch(() => undefined); // a container may still need it
    step.done(`stand-in ${how}, ${String(Math.round((after?.size ?? 0) / 1e6))} MB`);
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error;
  }
}

/** Without the mirror the stand-ins are still in the engine, so its failure is no reason to stop. */
async function start(report: Report, registry: StandIn): Promise<boolean> {
  const step = report.step("mirror");
  try {
    step.done(`${mirror.container} ${await startMirror(registry.reference)} on ${mirror.address}`);
    return true;
  } catch (error) {
    step.fail(error instanceof Error ? error.message : String(error));
    report.note("The stand-ins are in the engine only: an image that is removed there is built anew by the next run.");
    return false;
  }
}

async function buildStage(standIn: StandIn, builder: string, machine: Machine, baseName: string): Promise<void> {
  const proxies = Object.keys(machine.proxies).flatMap((name) => ["--build-arg", name]);
  await docker(
    [
      // The host's network: its resolver and its proxies on the loopback address work there, and nothing is served from a build.
      "buildx", "build", "--builder", builder, "--network", "host", "--progress", "plain", "--provenance=false",
      "--build-arg", `BASE=${baseName}`, "--target", standIn.target, "--tag", standIn.reference, "--label", `${label}=${standIn.hash}`, ...proxies,
      ...(machine.pipIndex === undefined ? [] : ["--build-arg", "PIP_INDEX_URL"]),
      ...(machine.pipConfig === undefined ? [] : ["--secret", `id=pip,src=${machine.pipConfig}`]),
      folder,
    ],
    { env: { ...machine.proxies, DOCKER_BUILDKIT: "1" } },
  );
}
