import { join } from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Image, type ImageRegistry } from "./image.ts";
import { Job } from "./job.ts";
import type { Platform } from "./platform.ts";
import { Volume } from "./volume.ts";

export interface ToolsArgs {
  platform: Platform;
  registry: ImageRegistry;
  pullProvider: docker.Provider;
  /** `repository@digest` of their image where it was built before. @default built from images/tools */
  image?: string;
}

const directory = "/opt/berth";

/** Paths in a container that mounts the tools. */
export const busybox = `${directory}/busybox`;
export const supercronic = `${directory}/supercronic`;
/** BusyBox's shell. */
export const shell = `${directory}/sh`;

/**
 * Programs that any image can run, on a volume: BusyBox and supercronic, static ones.
 *
 * A health check of an image without wget, secrets for one that reads plain variables, and a scheduled job in any
 * image need no change to that image. The volume is filled anew when the image of the tools changes; the programs are
 * renamed into place, so that one which runs goes on.
 *
 * @example
 * const tools = new Tools("tools", { platform, registry, pullProvider });
 * new Workload("shop", { …, mounts: [tools.mount], health: [busybox, "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:80/"] });
 */
export class Tools extends pulumi.ComponentResource {
  private readonly args: ToolsArgs;
  private mounted: docker.types.input.ContainerMount | undefined;
  private made: Image | undefined;

  constructor(name: string, args: ToolsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Tools", name, {}, opts);
    this.args = args;
    this.registerOutputs({});
  }

  /** `repository:tag@digest` of their image; undefined while nothing has asked for {@link mount}. */
  get image(): pulumi.Output<string> | undefined {
    return this.made?.ref;
  }

  /** The mount for a container that uses them, read-only. A stack that never asks for it builds nothing. */
  get mount(): docker.types.input.ContainerMount {
    return (this.mounted ??= this.fill());
  }

  private fill(): docker.types.input.ContainerMount {
    const { platform, registry, pullProvider, image: built } = this.args;
    const context = join(import.meta.dirname, "../images/tools");
    this.made = new Image("tools-image", { registry, repository: "berth-tools", context, built, pullProvider }, { parent: this });
    const volume = new Volume("tools", { platform, owner: 0 }, { parent: this });
    const fill = new Job(
      "tools-fill",
      {
        platform,
        image: this.made.ref,
        entrypoint: ["/bin/busybox", "sh", "-ec"],
        command: ["for tool in /bin/busybox /bin/supercronic; do to=/tools/${tool##*/}; cp $tool $to.new; mv $to.new $to; done; ln -sf busybox /tools/sh"],
        user: "0:0",
        mounts: [volume.mount("/tools")],
      },
      { parent: this },
    );
    // Known once the programs are there.
    const source = pulumi.all([volume.volumeName, fill.done]).apply(([volumeName]) => volumeName);
    return { type: "volume", source, target: directory, readOnly: true };
  }
}
