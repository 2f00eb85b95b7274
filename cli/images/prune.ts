import { readFileSync } from "node:fs";
import type Dockerode from "dockerode";
import { prefixOf } from "../../config/settings/registry.ts";
import { engineFor } from "../deploy/choose-engine.ts";
import { isUp, requireState } from "../deploy/ownership.ts";
import { type Deployment, outputsOf } from "../deploy/stack-state.ts";
import type { Parsed } from "../arguments.ts";
import type { Context } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { refusedError } from "../exit.ts";
import { plural } from "../preview/said.ts";
import { readReleases } from "../releases/records.ts";
import { age, size, table } from "../table.ts";
import { imagesIn, ownImagesIn, parseImage } from "./image-digests.ts";
import { type Manifest, manifestsIn, removeManifests, unnamedManifests } from "./registry-store.ts";
import { digestsIn, type Unnamed, unnamedOf } from "./unnamed.ts";

/** Removes the stack's images that nothing names: on the Docker host, and in a registry of its own. */
export async function prune(context: Context, stack: string, { values, flags }: Parsed): Promise<number> {
  const { terminal } = context;
  const isDry = flags["dry-run"] === true;
  const docker = await dockerOf(context, stack);
  const { deployer } = await engineFor(context, stack, values["engine"]);
  const look = async () => {
    const state = await deployer.state();
    if (!isUp(state)) await requireState(docker, stack, state, deployer.description);
    // What is not known to be named would all go.
    if (!isUp(state)) throw refusedError(`stack "${stack}" is not up, so nothing says which of its images are needed: ./berth up -s ${stack} first. Nothing was removed.`);
    const releases = await readReleases(deployer);
    const named = namedDigests(context, state, releases);
    return { host: await onHost(docker, ownerOf(context, stack, state, releases), named), registry: await inRegistry(docker, stack, named) };
  };
  // No update may push an image between the look and the removal.
  const { host, registry, freed } = isDry
    ? { ...(await look()), freed: undefined }
    : await deployer.locked(async () => {
        const found = await look();
        return { ...found, freed: await remove(docker, found.host, found.registry) };
      });
  const bytes = { host: freed?.host ?? host.reduce((sum, { own = 0 }) => sum + own, 0), registry: freed?.registry };
  if (flags["json"]) {
    terminal.json({ stack, dryRun: isDry, host: { images: host.map(({ references }) => references), bytes: bytes.host }, ...(registry !== undefined && { registry: { manifests: registry.unnamed.map(({ repository, digest }) => `${repository}@${digest}`), bytes: bytes.registry } }) });
    return 0;
  }
  if (isDry && host.length > 0) terminal.result(table(["IMAGE", "AGE", "SIZE"], host.map(({ references: [first = ""], size: all, created }) => [short(first), age(Date.now() / 1000 - created), size(all)])));
  terminal.result(`${plural(host.length, "image")} ${isDry ? "would go from" : "removed from"} the Docker host, ${isDry ? "at least " : ""}${size(bytes.host)}${isDry ? "" : " freed"}`);
  if (registry === undefined) terminal.result("the registry is not the stack's own, and was left as it is: what keeps it small is its own clean-up");
  else terminal.result(`${plural(registry.unnamed.length, "manifest")} ${isDry ? "would go from" : "removed from"} the stack's registry${bytes.registry === undefined ? "" : `, ${size(bytes.registry)} freed`}`);
  return 0;
}

/** By releases that are recorded, by the state, and by every stack file of this checkout. */
function namedDigests({ project }: Context, state: Deployment, releases: object[]): Set<string> {
  const files = project.stacks().map((stack) => readFileSync(project.stackFile(stack), "utf8"));
  return digestsIn([JSON.stringify(state), JSON.stringify(releases), ...files].join("\n"));
}

/**
 * Whether a repository is the stack's: all in a registry of its own; elsewhere, where another's may be in the same account,
 * those of the applications that are, and that releases had, and those of Berth's own.
 */
function ownerOf({ project }: Context, stack: string, state: Deployment, releases: readonly { images: Record<string, string> }[]): (repository: string) => boolean {
  const { registry } = project.settings(stack);
  const prefix = prefixOf(registry);
  if ("port" in registry) return (repository) => repository.startsWith(`${prefix}/`);
  const outputs = outputsOf(state);
  const images = [...Object.values(imagesIn(outputs)), ...Object.values(ownImagesIn(outputs)), ...releases.flatMap((release) => Object.values(release.images))];
  const known = new Set([...Object.keys(project.applications(stack)).map((app) => `${prefix}/${app}`), ...images.map((image) => parseImage(image).repository)]);
  return (repository) => known.has(repository);
}

async function onHost(docker: Dockerode, isOwn: (repository: string) => boolean, named: ReadonlySet<string>): Promise<Unnamed[]> {
  const [images, containers] = await Promise.all([docker.listImages({ digests: true, "shared-size": true } as Dockerode.ListImagesOptions), docker.listContainers({ all: true })]);
  return unnamedOf(images, isOwn, named, new Set(containers.map(({ ImageID }) => ImageID)));
}

/** Undefined where the stack runs no registry. */
async function inRegistry(docker: Dockerode, stack: string, named: ReadonlySet<string>): Promise<{ id: string; unnamed: Manifest[] } | undefined> {
  const registry = (await stackContainers(docker, stack)).find(({ Labels, State }) => Labels[labels.role] === "registry" && State === "running");
  return registry === undefined ? undefined : { id: registry.Id, unnamed: unnamedManifests(await manifestsIn(docker, registry.Id), named) };
}

/** @returns bytes that were freed. */
async function remove(docker: Dockerode, host: readonly Unnamed[], registry: { id: string; unnamed: readonly Manifest[] } | undefined): Promise<{ host: number; registry?: number }> {
  const layers = () => layersOf(docker);
  const before = host.length === 0 ? 0 : await layers();
  // One that a container has taken meanwhile stays.
  for (const { references } of host) for (const reference of references) await docker.getImage(reference).remove().catch(unlessStatus(404, 409));
  const after = host.length === 0 ? 0 : await layers();
  if (registry === undefined) return { host: before - after };
  return { host: before - after, registry: registry.unnamed.length === 0 ? 0 : await removeManifests(docker, registry.id, registry.unnamed) };
}

/** Bytes of all layers. dockerode asks for the size of every volume too, which takes minutes where there is much data. */
function layersOf({ modem }: Dockerode): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = { path: "/system/df?", method: "GET", options: { type: "image" }, statusCodes: { 200: true, 500: "server error" } };
    (modem as { dial: (options: object, done: (error: Error | null, found: { LayersSize?: number }) => void) => void }).dial(asked, (error, found) => (error === null ? resolve(found.LayersSize ?? 0) : reject(error)));
  });
}

function short(reference: string): string {
  return reference.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/, "sha256:$1");
}
