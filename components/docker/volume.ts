import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Job } from "./job.ts";
import { labelsOf, type Platform } from "./platform.ts";

export interface VolumeArgs {
  platform: Platform;
  /** User and group id that own the volume's root directory. */
  owner: number;
  /**
   * The volume holds data: it has a fixed name, and stays on the Docker host when the program names it no more.
   * @default false
   */
  data?: boolean;
  /** The stack can't do without its data: a program that names it no more is refused. @default false */
  permanent?: boolean;
  /** The application whose data it is, for its label. */
  app?: string;
}

/**
 * All that a volume is made of, so that nothing replaces one with data: a replacement is an empty one. One that was made
 * beforehand, on another disk for example, has labels and driver options that this program does not know.
 */
const settled = ["name", "labels", "driver", "driverOpts"];

/**
 * A named volume that belongs to one user id, whatever image mounts it first.
 *
 * A change to a Docker volume is a new, empty volume, so nothing here depends on anything that
 * changes, and a data volume's name is fixed: `<prefix>-<name>`. One of that name that exists already is used as it is: one
 * that was made beforehand on a disk of its own, or that stayed when its part left the stack.
 *
 * @example
 * const data = new Volume("postgres-data", { platform, owner: 999, data: true });
 */
export class Volume extends pulumi.ComponentResource {
  /** Name of the volume on the Docker host, known once its owner is set. */
  readonly volumeName: pulumi.Output<string>;

  constructor(name: string, args: VolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Volume", name, {}, opts);
    const { platform, owner, data = false, permanent = false, app } = args;
    const volume = new docker.Volume(
      `${name}-volume`,
      { name: `${platform.prefix}-${name}`, labels: labelsOf(platform, data ? "data" : "runtime", app) },
      { parent: this, protect: permanent, retainOnDelete: data, ignoreChanges: data ? settled : [] },
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
