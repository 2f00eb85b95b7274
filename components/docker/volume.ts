import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Job } from "./job.ts";
import { labelsOf, type Platform } from "./platform.ts";

export interface VolumeArgs {
  platform: Platform;
  /** User and group id that own the volume's root directory. */
  owner: number;
  /**
   * The volume holds data: it has a fixed name, is protected from deletion and kept when the stack
   * is destroyed. @default false
   */
  data?: boolean;
}

/**
 * A named volume that belongs to one user id, whatever image mounts it first.
 *
 * A change to a Docker volume is a new, empty volume, so nothing here depends on anything that
 * changes, and a data volume's name is fixed: `<prefix>-<name>`. One of that name that exists already, on a disk of its
 * own for example, is used as it is.
 *
 * @example
 * const data = new Volume("postgres-data", { platform, owner: 999, data: true });
 */
export class Volume extends pulumi.ComponentResource {
  /** Name of the volume on the Docker host, known once its owner is set. */
  readonly volumeName: pulumi.Output<string>;

  constructor(name: string, args: VolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Volume", name, {}, opts);
    const { platform, owner, data = false } = args;
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: `${platform.prefix}-${name}`, labels: labelsOf(platform, data ? "data" : "runtime") },
      // Made beforehand on another disk, it has driver options that this program does not know, and is taken as it is.
      { parent: this, protect: data, retainOnDelete: data, ignoreChanges: data ? ["driver", "driverOpts"] : [] },
    );
    const chown = new Job(
      `${name}-owner`,
      {
        platform,
        image: platform.image("toolbox"),
        entrypoint: ["chown"],
        command: [`${owner}:${owner}`, "/volume"],
        user: "0:0",
        loosening: { capabilities: ["CHOWN"] },
        mounts: [{ type: "volume", source: volume.name, target: "/volume" }],
      },
      { parent: this, ignoreChanges: ["image"] },
    );
    this.volumeName = pulumi.all([volume.name, chown.done]).apply(([volumeName]) => volumeName);
    this.registerOutputs({ volumeName: this.volumeName });
  }

  /** The mount of the whole volume at `target`. */
  mount(target: string, readOnly = false): docker.types.input.ContainerMount {
    return { type: "volume", source: this.volumeName, target, readOnly };
  }
}
