import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import { imageLabels } from "./image-labels.ts";
import { releaseOrigin } from "./release-origin.ts";
import { type Release, withoutTag, withRelease } from "./release-record.ts";

export interface ReleaseArgs {
  /** Image of each application, by digest. */
  images: Record<string, pulumi.Input<string>>;
  /** Commits that they were built from; asked only where a record is made. */
  revisions: () => Record<string, string>;
  /** Configuration of all namespaces by full key. */
  config: Record<string, string>;
  /** Secrets by full key, in plain text. */
  secrets: Record<string, string>;
}

/**
 * The records of a stack's releases, to be exported as its output `releases`: those of the last update, and one more
 * where images, configuration or secrets differ from the newest.
 *
 * So each update makes its own record, whichever engine or command runs it. It is known, and so kept, only once every
 * resource that was registered before is ready: an update that fails records nothing. The whole is one secret, as it
 * holds the values of secrets: encrypted in the state, and one line in what Pulumi prints.
 *
 * @example
 * export const releases = recordRelease({ images, revisions: () => ({}), config, secrets });
 */
export function recordRelease(args: ReleaseArgs): pulumi.Output<readonly Release[]> {
  const stack = pulumi.runtime.getStackResource();
  const last = stack === undefined ? [] : stack.urn.apply(lastReleases);
  const ready = pulumi.all(registered(stack).map(({ urn }) => urn));
  const images = pulumi.output(args.images).apply((found) => Object.fromEntries(Object.entries(found).map(([app, image]) => [app, withoutTag(image)])));
  const { config, secrets } = args;
  const records = pulumi.all([last, images, ready]).apply(([before, known]) => {
    const now = withRelease(before, { images: known, config, secrets }, () => ({
      time: new Date().toISOString(),
      seconds: Math.round(performance.now() / 100) / 10,
      ...releaseOrigin(join(import.meta.dirname, ".."), process.env),
      revisions: args.revisions(),
      ...noteOf(process.env["BERTH_RELEASE_NOTE"]),
    }));
    // A preview can't know the record; an update that follows the preview's plan may make it then.
    return now !== before && pulumi.runtime.isDryRun() ? (unknown as unknown as Release[]) : now;
  });
  return pulumi.secret(records);
}

/**
 * What the stack exported at the end of the last update: until this program's outputs are known, that is what the engine
 * has of it. A StackReference to itself reads the state's file, which a local backend is writing at that time, and keeps
 * a copy of all outputs in it.
 */
async function lastReleases(urn: string): Promise<Release[]> {
  const found = (await pulumi.runtime.invoke("pulumi:pulumi:getResource", { urn })) as { state?: { releases?: Release[] } } | undefined;
  return found?.state?.releases ?? [];
}

/** The commit of each application's image: as the stack file says of one that was built before, else of its folder. */
export function revisionsOf(apps: readonly { name: string; image?: string | undefined; revision?: string | undefined; definition: { context: string } }[]): Record<string, string> {
  return Object.fromEntries(
    apps.flatMap(({ name, image, revision, definition }) => {
      const commit = image === undefined ? imageLabels(definition.context)["org.opencontainers.image.revision"] : revision;
      return commit === undefined ? [] : [[name, commit]];
    }),
  );
}

/** Everything below a resource. The SDK keeps the children for `dependsOn`, which waits for them likewise. */
function registered(resource: pulumi.Resource | undefined): pulumi.Resource[] {
  // oxlint-disable-next-line no-underscore-dangle -- the SDK's name
  const children = [...((resource as { __childResources?: Set<pulumi.Resource> } | undefined)?.__childResources ?? [])];
  return children.flatMap((child) => [child, ...registered(child)]);
}

function noteOf(note: string | undefined): Pick<Release, "note"> {
  return note === undefined || note === "" ? {} : { note };
}
