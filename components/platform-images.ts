import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ImageRole } from "./platform.ts";

export interface PlatformImagesArgs {
  /** Image of each part, with a tag or a digest. */
  references: Record<ImageRole, string>;
}

/**
 * The images of the parts that a stack does not build, pulled before anything is replaced.
 *
 * @example
 * const images = new PlatformImages("images", { references: config.images });
 * images.references.postgres; // postgres@sha256:…
 */
export class PlatformImages extends pulumi.ComponentResource {
  /**
   * `repository@digest` of each part: pinned, and unlike an image id it can be pulled again by a host
   * that has lost it. The id where no registry has the image. A part that a stack does not have is
   * never asked for, and its image not pulled.
   */
  readonly references: Record<ImageRole, pulumi.Output<string>>;

  constructor(name: string, args: PlatformImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:PlatformImages", name, {}, opts);
    const pulled = new Map<string, pulumi.Output<string>>();
    const pull = (role: string, reference: string) => {
      const image = new docker.RemoteImage(`${name}-${role}`, { name: reference, keepLocally: true }, { parent: this });
      const pinned = pulumi.all([image.repoDigest, image.imageId]).apply(([digest, id]) => digest || id);
      pulled.set(role, pinned);
      return pinned;
    };
    const properties = Object.entries(args.references).map(([role, reference]) => [
      role,
      // Pulumi looks into what an apply() returns, and a component holds these: what it sees there, it would ask for.
      { enumerable: false, get: () => pulled.get(role) ?? pull(role, reference) },
    ]);
    this.references = Object.defineProperties({}, Object.fromEntries(properties)) as Record<ImageRole, pulumi.Output<string>>;
    this.registerOutputs({});
  }
}
