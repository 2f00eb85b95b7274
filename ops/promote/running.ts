import { type Deployer, type Deployment, nameOf, realResources } from "../deployer.ts";
import { imagesIn } from "../image-digests.ts";
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
  state: Deployment;
}

export async function runningIn(deployer: Deployer): Promise<Running> {
  const [outputs, state, releases] = await Promise.all([deployer.outputs(), deployer.state(), readReleases(deployer)]);
  const images = imagesIn(outputs);
  const builds = new Map(realResources(state).filter(({ type }) => type === types.built).map(({ urn, inputs }) => [nameOf(urn), inputs ?? {}]));
  // Of an image that was built elsewhere the state has no build.
  const recorded = releases.at(-1)?.revisions ?? {};
  const revisions: Running["revisions"] = {};
  const remote: Running["remote"] = new Set();
  for (const app of Object.keys(images)) {
    const { labels, context } = (builds.get(`${app}-image`) ?? {}) as { labels?: Record<string, string>; context?: { location?: string } };
    const revision = labels?.["org.opencontainers.image.revision"] ?? recorded[app];
    if (revision !== undefined) revisions[app] = revision;
    if (/^https?:/.test(context?.location ?? "")) remote.add(app);
  }
  return { images, revisions, remote, state };
}
