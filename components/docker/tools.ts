import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Image, type ImageRegistry, type ImageSource } from "../image/image.ts";
import { Job } from "./job.ts";
import type { Platform } from "./platform.ts";
import { Volume } from "./volume.ts";

export interface ToolsArgs {
  platform: Platform;
  registry: ImageRegistry;
  pullProvider: docker.Provider;
  /** The image that they are copied from: images/tools, or one that was built from it before. */
  source: ImageSource;
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
 * const tools = new Tools("tools", { platform, registry, pullProvider, source: { context: "/berth/images/tools" } });
 * new Workload("shop", { …, mounts: [tools.mount()], health: [busybox, "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:80/"] });
 */
export class Tools extends pulumi.ComponentResource {
  private readonly name: string;
  private readonly args: ToolsArgs;
  private mounted: docker.types.input.ContainerMount | undefined;
  private made: Image | undefined;

  constructor(name: string, args: ToolsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Tools", name, {}, opts);
    this.name = name;
    this.args = args;
    this.registerOutputs({});
  }

  /** `repository:tag@digest` of their image; undefined while nothing has asked for {@link mount}. */
  get image(): pulumi.Output<string> | undefined {
    return this.made?.ref;
  }

  /** The mount for a container that uses them, read-only. The first call makes image and volume: a stack without one builds nothing. */
  mount(): docker.types.input.ContainerMount {
    return (this.mounted ??= this.fill());
  }

  private fill(): docker.types.input.ContainerMount {
    const { platform, registry, pullProvider, source } = this.args;
    this.made = new Image(`${this.name}-image`, { ...source, registry, repository: "berth-tools", pullProvider }, { parent: this });
    const volume = new Volume(this.name, { platform, owner: 0 }, { parent: this });
    const fill = new Job(
      `${this.name}-fill`,
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
    const filled = pulumi.all([volume.volumeName, fill.done]).apply(([volumeName]) => volumeName);
    return { type: "volume", source: filled, target: directory, readOnly: true };
  }
}
