import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import { Job } from "../docker/job.ts";
import { lastOutputs } from "./last-outputs.ts";
import { type Release, withApplications, withoutLeaked, withoutTag, withRelease } from "./release-record.ts";

export interface ReleaseArgs extends Pick<Release, "config" | "secrets"> {
  /** Image of each application, by digest. */
  images: Record<string, pulumi.Input<string>>;
  /** Who applies it, from where, and the commits of the images; asked only where a record is made. */
  origin: () => Pick<Release, "by" | "from" | "revisions" | "note">;
  /** Whether the update applies all applications. Of one that does not, the record has what the last one had of the others. @default true */
  complete?: boolean;
  /** Keys of secrets whose older values are taken out of all records. @default none */
  purge?: readonly string[];
}

/**
 * The records of a stack's releases, to be exported as its output `releases`: those of the last update, and one more
 * where images, configuration or secrets differ from the newest.
 *
 * So each update makes its own record, whichever engine or command runs it. It is known, and so kept, only once every
 * resource that was registered before is ready and every job has ended well, so once the routes serve what it names: an
 * update that fails records nothing. The whole is one secret, as it
 * holds the values of secrets: encrypted in the state, and one line in what Pulumi prints.
 *
 * @example
 * export const releases = recordRelease({ images, origin: () => ({ by: "Ada", from: { host: "laptop" }, revisions: {} }), config, secrets });
 */
export function recordRelease(args: ReleaseArgs): pulumi.Output<readonly Release[]> {
  const stack = pulumi.runtime.getStackResource();
  const last = lastOutputs().apply(({ releases = [] }) => releases as Release[]);
  // A job that failed is there all the same: what counts is that it ended well. Those that write the routes are among them.
  const ready = pulumi.all(registered(stack).map((resource) => (resource instanceof Job ? resource.done.apply(() => resource.urn) : resource.urn)));
  const images = pulumi.output(args.images).apply((found) => Object.fromEntries(Object.entries(found).map(([app, image]) => [app, withoutTag(image)])));
  const { config, secrets, complete = true } = args;
  const records = pulumi.all([last, images, ready]).apply(([before, known]) => {
    const kept = withoutLeaked(before, args.purge ?? [], secrets);
    const own = { images: known, config, secrets };
    const now = withRelease(kept, complete ? own : withApplications(kept.at(-1), own, Object.keys(known)), () => {
      const { revisions, ...origin } = args.origin();
      return {
        time: new Date().toISOString(),
        seconds: Math.round(performance.now() / 100) / 10,
        ...origin,
        revisions: complete ? revisions : { ...kept.at(-1)?.revisions, ...revisions },
        ...(!complete && { apps: Object.keys(known).toSorted() }),
      };
    });
    // A preview can't know the record; an update that follows the preview's plan may make it then.
    return now !== kept && pulumi.runtime.isDryRun() ? (unknown as unknown as Release[]) : now;
  });
  return pulumi.secret(records);
}

/** Everything below a resource. The SDK keeps the children for `dependsOn`, which waits for them likewise. */
function registered(resource: pulumi.Resource | undefined): pulumi.Resource[] {
  // oxlint-disable-next-line no-underscore-dangle -- the SDK's name
  const children = [...((resource as { __childResources?: Set<pulumi.Resource> } | undefined)?.__childResources ?? [])];
  return children.flatMap((child) => [child, ...registered(child)]);
}
