import { qualifiedType } from "../../engine/urn.ts";
import type { OwnImage } from "../../settings.ts";
import { type Deployer, type Deployment, nameOf, realResources, type StateResource } from "../deployer.ts";
import { imagesIn, ownImagesIn } from "../image-digests.ts";
import { readReleases } from "../releases/records.ts";
import { types } from "../resource-types.ts";

/** What runs in a stack, as its state has it. */
export interface Running {
  /** `repository:tag@sha256:…` by application. */
  images: Record<string, string>;
  /** Commit that each was built from; ends in `-dirty` where something was not committed. */
  revisions: Record<string, string>;
  /** Those built from a git address, of which this repository knows nothing but the commit. */
  remote: Set<string>;
  /** Those of Berth's own that it uses. */
  own: Partial<Record<OwnImage, RunningOwn>>;
  state: Deployment;
}

/** An image of Berth's own. */
export interface RunningOwn {
  /** `repository:tag@sha256:…` */
  image: string;
  /** As that of an application; undefined too where the image was promoted to the stack. */
  revision: string | undefined;
  /** By the stack itself. */
  isBuilt: boolean;
}

export async function runningIn(deployer: Deployer): Promise<Running> {
  const [outputs, state, releases] = await Promise.all([deployer.outputs(), deployer.state(), readReleases(deployer)]);
  const images = imagesIn(outputs);
  const built = realResources(state).filter(({ type }) => type === types.built);
  const builds = new Map(built.map(({ urn, inputs }) => [nameOf(urn), inputs ?? {}]));
  // Of an image that was built elsewhere the state has no build.
  const recorded = releases.at(-1)?.revisions ?? {};
  const revisions: Running["revisions"] = {};
  const remote: Running["remote"] = new Set();
  for (const app of Object.keys(images)) {
    const inputs = builds.get(`${app}-image`);
    const revision = revisionOf(inputs) ?? recorded[app];
    if (revision !== undefined) revisions[app] = revision;
    if (/^https?:/.test((inputs?.["context"] as { location?: string } | undefined)?.location ?? "")) remote.add(app);
  }
  const own = Object.fromEntries(Object.entries(ownImagesIn(outputs)).map(([key, image]) => [key, ownOf(key as OwnImage, image, built)]));
  return { images, revisions, remote, own, state };
}

/** The components that make them: an application's image may have the same name. */
const makers: Record<OwnImage, string> = { tools: "berth:index:Tools", postgresBackup: "berth:index:BackupRepository" };

function ownOf(key: OwnImage, image: string, built: readonly StateResource[]): RunningOwn {
  const build = built.find(({ urn }) => qualifiedType(urn).split("$").includes(makers[key]));
  return { image, revision: revisionOf(build?.inputs), isBuilt: build !== undefined };
}

function revisionOf(inputs: Record<string, unknown> | undefined): string | undefined {
  return (inputs?.["labels"] as Record<string, string> | undefined)?.["org.opencontainers.image.revision"];
}
