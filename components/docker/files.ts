import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { containerOptions } from "./hardening.ts";
import { labelsOf, type Platform } from "./platform.ts";

export interface FilesArgs {
  platform: Platform;
  /** File name to content; pass secrets as Pulumi secrets. Files are root's, mode 0444. */
  files: Record<string, pulumi.Input<string>>;
}

/**
 * Files on a volume that never changes: configuration or secrets of one container.
 *
 * New content is a new volume, so the container that mounts it is replaced and the old pair serves
 * until the new one is healthy. The volume is filled by a container that is created and never
 * started; the content is in neither `docker inspect` nor, if secret, in the plain state. The name
 * has a random suffix and no hash, so it says nothing about a secret.
 *
 * @example
 * const config = new Files("redis-config", { platform, files: { "redis.conf": renderRedisConf(…) } });
 * new docker.Container("redis", { …, mounts: [config.mount("/etc/berth")] });
 */
export class Files extends pulumi.ComponentResource {
  private readonly name: string;
  private readonly args: FilesArgs;
  /** Other for each content. */
  private readonly version: pulumi.Output<string>;
  private readonly volume: pulumi.Output<string>;
  private swarmSecrets: Map<string, docker.Secret> | undefined;

  constructor(name: string, args: FilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Files", name, {}, opts);
    const { platform, files } = args;
    this.name = name;
    this.args = args;
    const suffix = new random.RandomId(`${name}-version`, { byteLength: 4, keepers: files }, { parent: this });
    this.version = suffix.hex;
    const volume = new docker.Volume(
      `${name}-volume`,
      {
        name: pulumi.interpolate`${platform.prefix}-${name}-${suffix.hex}`,
        labels: labelsOf(platform, "files"),
      },
      // The provider's default for a volume whose name changes is fine, but the old one is still in use.
      { parent: this, deleteBeforeReplace: false },
    );
    const filler = new docker.Container(
      `${name}-filler`,
      {
        image: platform.image("toolbox"),
        command: ["true"],
        start: false,
        mustRun: false,
        networkMode: "none",
        labels: labelsOf(platform, "files"),
        mounts: [{ type: "volume", source: volume.name, target: "/files" }],
        uploads: Object.entries(files).map(([file, content]) => ({
          file: `/files/${file}`,
          content,
          permissions: "0444",
        })),
      },
      // What carries the files does not matter: a newer toolbox must not touch them.
      containerOptions(this, true, { ignoreChanges: ["image"] }),
    );
    // Known only once the files are there: whoever mounts the volume waits for its content.
    this.volume = pulumi.all([volume.name, filler.id]).apply(([volumeName]) => volumeName);
    this.registerOutputs({ volume: this.volume });
  }

  /** The read-only mount of all the files in the directory `target`. */
  mount(target: string): docker.types.input.ContainerMount {
    return { type: "volume", source: this.volume, target, readOnly: true };
  }

  /** The same files for a Swarm service, whose nodes have no such volume, as Swarm secrets: 1 byte to 500 kB each, encrypted on the managers. */
  secrets(target: string): docker.types.input.ServiceTaskSpecContainerSpecSecret[] {
    this.swarmSecrets ??= new Map(Object.entries(this.args.files).map(([file, content]) => [file, this.swarmSecret(file, content)]));
    return [...this.swarmSecrets].map(([file, { id, name }]) => ({ secretId: id, secretName: name, fileName: `${target}/${file}`, fileMode: 0o444 }));
  }

  private swarmSecret(file: string, content: pulumi.Input<string>): docker.Secret {
    const { platform } = this.args;
    return new docker.Secret(
      `${this.name}-${file}`,
      {
        name: pulumi.interpolate`${platform.prefix}-${this.version}-${file}`,
        data: pulumi.output(content).apply((text) => Buffer.from(text).toString("base64")),
        labels: labelsOf(platform, "files"),
      },
      // The service has the old one until it is updated.
      { parent: this, deleteBeforeReplace: false },
    );
  }
}
