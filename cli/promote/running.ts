import type Dockerode from "dockerode";
import { qualifiedType } from "../../pulumi/urn.ts";
import type { OwnImage } from "../../config/settings/images.ts";
import type { Deployer } from "../deploy/deployer.ts";
import { type Deployment, nameOf, realResources, type StateResource } from "../deploy/stack-state.ts";
import { imagesIn, ownImagesIn } from "../images/image-digests.ts";
import { revisionOf } from "../images/revision.ts";
import { readReleases } from "../releases/records.ts";
import { type Release, withoutTag } from "../../components/release/release-record.ts";
import { types } from "../../pulumi/resource-types.ts";

/** A stack of a promotion, with what there is to ask it by. */
export interface Side {
  stack: string;
  deployer: Deployer;
  docker: Dockerode;
}

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
  const builds = new Map(built.map((build) => [nameOf(build.urn), build]));
  const revisions: Running["revisions"] = {};
  const remote: Running["remote"] = new Set();
  for (const app of Object.keys(images)) {
    const inputs = builds.get(`${app}-image`)?.inputs;
    const image = images[app] ?? "";
    // An update that failed has built a newer one than that which runs; of one that was built elsewhere there is no build.
    const revision = (isOf(builds.get(`${app}-image`)?.outputs, image) ? revisionOf(inputs) : undefined) ?? recordedRevision(releases, app, image);
    if (revision !== undefined) revisions[app] = revision;
    if (/^https?:/.test((inputs?.["context"] as { location?: string } | undefined)?.location ?? "")) remote.add(app);
  }
  const own = Object.fromEntries(Object.entries(ownImagesIn(outputs)).map(([key, image]) => [key, ownOf(key as OwnImage, image, built)]));
  return { images, revisions, remote, own, state };
}

/** Whether a build gave this image; one whose digest is not recorded did. */
function isOf(outputs: StateResource["outputs"], image: string): boolean {
  const digest = outputs?.["digest"];
  return typeof digest !== "string" || image.endsWith(`@${digest}`);
}

/** The commit that the newest release with this very image says. */
function recordedRevision(releases: readonly Release[], app: string, image: string): string | undefined {
  return releases.findLast(({ images }) => images[app] !== undefined && images[app] === withoutTag(image))?.revisions[app];
}

/** The components that make them: an application's image may have the same name. */
const makers: Record<OwnImage, string> = { tools: "berth:index:Tools", postgresBackup: "berth:index:BackupRepository", snapshots: "berth:index:SnapshotRepository" };

function ownOf(key: OwnImage, image: string, built: readonly StateResource[]): RunningOwn {
  const build = built.find(({ urn }) => qualifiedType(urn).split("$").includes(makers[key]));
  return { image, revision: isOf(build?.outputs, image) ? revisionOf(build?.inputs) : undefined, isBuilt: build !== undefined };
}
