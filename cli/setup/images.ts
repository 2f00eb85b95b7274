import { buildStandIns, label, readRecipes } from "../../standins/build.ts";
import { docker, has, localImages } from "../../standins/docker.ts";
import { platformImages } from "../../standins/images.ts";
import { engineUsesMirror } from "../../standins/mirror.ts";
import { hubReachable } from "./hub.ts";
import { refusedOf, toPull } from "./stand-ins.ts";
import { aptPackages, installPackages, readSystem } from "./packages.ts";
import { SetupError } from "./error.ts";
import type { Report, Step } from "../../standins/report.ts";

/** Where each platform image stands. */
export interface ImagesState {
  /** In the engine: upstream's, and stand-ins of the present recipe. */
  upstream: string[];
  standIns: string[];
  /** In the engine, made by an older recipe or with other authorities than this machine trusts now. */
  stale: string[];
  missing: string[];
  /** Missing, and nothing here can make it. */
  without: string[];
}

/** Asks the engine which of the `wanted` images (all of images.lock.json by default) it has. Throws `CommandError` when it does not answer. */
export async function findImages(wanted?: ReadonlySet<string>): Promise<ImagesState> {
  const images = platformImages().filter(({ reference }) => wanted?.has(reference) ?? true);
  const [present, recipes] = await Promise.all([localImages(images.map((image) => image.reference)), readRecipes(images)]);
  const state: ImagesState = { upstream: [], standIns: [], stale: [], missing: [], without: [] };
  for (const { reference, contract } of images) {
    const image = present.get(reference);
    const hash = image?.labels[label];
    if (image === undefined) (contract === undefined ? state.without : state.missing).push(reference);
    else if (hash === undefined) state.upstream.push(reference);
    else if (hash === recipes.standIns.find((standIn) => standIn.reference === reference)?.hash) state.standIns.push(reference);
    else state.stale.push(reference);
  }
  return state;
}

/**
 * Sees to it that every `wanted` image (all of images.lock.json by default) is in the engine or can be pulled: what
 * Docker Hub can give is left to the program to pull; where it does not answer, stand-ins are built. Under a second
 * when all is there.
 *
 * @param refusal Where stand-ins may not be used: the error that says so of these. Those that are there are pulled over.
 * @throws SetupError naming the images that are neither there nor to be had.
 */
export async function ensureImages(report: Report, wanted?: ReadonlySet<string>, refusal?: (images: string[]) => SetupError): Promise<ImagesState> {
  const step = report.step("images");
  const state = await findImages(wanted).catch((error: unknown) => {
    step.fail("the engine does not say which it has");
    throw error;
  });
  if (refusal !== undefined) return upstreamOnly(state, step, wanted, refusal);
  // No test runs what has no stand-in; a stack that asks for it does.
  const without = wanted === undefined ? [] : state.without;
  const lacking = [...state.missing, ...without, ...state.stale];
  if (lacking.length === 0) {
    step.done(state.standIns.length === 0 ? `all ${String(state.upstream.length)} present` : `all present, ${String(state.standIns.length)} of them stand-ins for Docker Hub's`);
    return state;
  }
  if (await hubReachable()) {
    // A stand-in would never be replaced by a pull: the engine has an image of that name.
    for (const reference of state.stale) await docker(["rmi", reference]).catch(() => undefined);
    step.done(`${String(lacking.length)} to be pulled from Docker Hub`);
    return state;
  }
  if (without.length > 0) {
    step.fail("Docker Hub does not answer");
    throw new SetupError(
      `Docker Hub does not answer, and these images have no stand-in: ${without.join(", ")}\n` +
        "Pull them where Docker Hub answers and bring them here with docker save and docker load, or give the role another image in images.lock.json.",
    );
  }
  step.done(`Docker Hub does not answer: ${String(lacking.length)} stand-ins to build from package registries`);
  await ensureMmdebstrap();
  try {
    await buildStandIns(report, await readRecipes(), new Set(lacking));
  } catch (error) {
    throw new SetupError(`a stand-in could not be built: ${error instanceof Error ? error.message : String(error)}`);
  }
  report.note(`Stand-ins are in use: same names, binaries, paths and user ids as upstream, other builds. Grafana and Loki have none and are left out.`);
  return await findImages(wanted);
}

async function upstreamOnly(state: ImagesState, step: Step, wanted: ReadonlySet<string> | undefined, refusal: (images: string[]) => SetupError): Promise<ImagesState> {
  const { standIns, stale, missing, without } = state;
  if (standIns.length + stale.length + missing.length + without.length === 0) {
    step.done(`all ${String(state.upstream.length)} present`);
    return state;
  }
  const hub = await hubReachable();
  for (const reference of toPull(state, hub, await engineUsesMirror())) {
    step.progress?.(`pulling ${reference}`);
    // One that fails leaves what was there, which is refused below.
    if (!(await docker(["pull", "--quiet", reference], hub ? {} : { timeoutMs: 30_000 }).then(() => true, () => false))) break;
  }
  const now = await findImages(wanted);
  const refused = refusedOf(now, hub);
  if (refused.length > 0) {
    step.fail("stand-ins are for development");
    throw refusal(refused);
  }
  step.done(`${String(now.upstream.length)} present, ${String(now.missing.length + now.without.length)} to be pulled from Docker Hub`);
  return now;
}

async function ensureMmdebstrap(): Promise<void> {
  if (await has("mmdebstrap")) return;
  const system = readSystem();
  if (!system.root || system.family === undefined) {
    throw new SetupError("Docker Hub does not answer, and stand-ins for its images are made with mmdebstrap, which is missing: install mmdebstrap and debian-archive-keyring, or bring the images of images.lock.json here with docker save and docker load");
  }
  await installPackages(system, aptPackages(system, { engine: false, client: false, standIns: true }));
}
