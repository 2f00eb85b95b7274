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
 * images.pull("postgres"); // postgres@sha256:…
 */
export class PlatformImages extends pulumi.ComponentResource {
  private readonly name: string;
  private readonly references: PlatformImagesArgs["references"];
  private readonly pulled = new Map<ImageRole, pulumi.Output<string>>();

  constructor(name: string, args: PlatformImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:PlatformImages", name, {}, opts);
    this.name = name;
    this.references = args.references;
    this.registerOutputs({});
  }

  /**
   * Pulls the image of a part, the first time that it is asked for: what a stack does not have is not pulled.
   *
   * @returns `repository@digest`: pinned, and unlike an image id it can be pulled again by a host that has lost it. The id
   * where no registry has the image.
   */
  pull(role: ImageRole): pulumi.Output<string> {
    const known = this.pulled.get(role);
    if (known !== undefined) return known;
    const image = new docker.RemoteImage(`${this.name}-${role}`, { name: this.references[role], keepLocally: true }, { parent: this });
    const pinned = pulumi.all([image.repoDigest, image.imageId]).apply(([digest, id]) => digest || id);
    this.pulled.set(role, pinned);
    return pinned;
  }
}
