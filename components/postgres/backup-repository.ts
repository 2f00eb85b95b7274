import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type BackupConfig, backupEnv, backupPaths, renderPgbackrestConf, renderPgbackrestSecrets } from "./backup-config.ts";
import { Files } from "../docker/files.ts";
import { Image, type ImageRegistry, type ImageSource } from "../image/image.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { Volume } from "../docker/volume.ts";

/** Of a repository of backups, whichever program writes it. */
export interface RepositoryArgs {
  platform: Platform;
  registry: ImageRegistry;
  /** Pulls with the registry's login. */
  pullProvider: docker.Provider;
  /** The image of the server that the program is added to, by tag or digest. */
  baseImage: string;
  /** The image of both: a folder of images/, which is built on `baseImage`, or one that was built from it before. */
  source: ImageSource;
  /** Passphrase of the repository. A generated one would be lost with the state, and the backups with it. @default not encrypted */
  key?: pulumi.Input<string>;
  /** Keys of the bucket; needed with an S3 target. */
  s3Keys?: { key: pulumi.Input<string>; secret: pulumi.Input<string> };
}

export interface BackupRepositoryArgs extends RepositoryArgs, Omit<BackupConfig, "prefix" | "encrypted"> {
  /** User and group id of the server. */
  owner: number;
  /** Data directory of the server, and the directory of its socket. */
  data: string;
  socket: string;
  /** Name of the network to the bucket, after the stack's prefix. @default `<name>-network` */
  networkName?: string;
}

/**
 * Where backups of a Postgres server go, and what a container needs to reach it: the image with pgBackRest, its
 * configuration, the keys, and the repository, encrypted where there is a passphrase.
 *
 * @example
 * const repository = new BackupRepository("postgres-backup", { platform, registry, pullProvider, baseImage, source: { context: "/berth/images/postgres" }, target: "volume",
 *   keep: { full: 2, differential: 7 }, owner: 999, data, socket });
 * new docker.Container("postgres", { image: repository.image, mounts: [...repository.mounts()], … });
 */
export class BackupRepository extends pulumi.ComponentResource {
  /** `repository:tag@digest` of Postgres with pgBackRest. */
  readonly image: pulumi.Output<string>;
  /** The network with a way out that an S3 target needs; none otherwise. */
  readonly networks: { name: pulumi.Output<string> }[];
  /** The environment that goes with {@link mounts}. */
  readonly env = backupEnv;
  /** Values that its jobs know, and may print. */
  readonly known: pulumi.Input<string>[];
  private readonly config: Files;
  private readonly secrets: Files;
  private readonly volume: Volume | undefined;

  constructor(name: string, args: BackupRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:BackupRepository", name, {}, opts);
    const { platform, registry, pullProvider, baseImage, source, target, keep, owner, data, socket } = args;
    const child = { parent: this };
    const image = { ...source, registry, repository: "berth-postgres", buildArgs: { BASE: baseImage }, pullProvider };
    this.image = new Image(`${name}-image`, image, child).ref;
    const encrypted = args.key !== undefined;
    if (!encrypted) void pulumi.log.warn("the backups of Postgres are not encrypted: ./berth secret berth:backupKey", this);
    const conf = renderPgbackrestConf({ target, keep, encrypted, prefix: platform.prefix }, data, socket);
    this.config = new Files(`${name}-config`, { platform, files: { "pgbackrest.conf": conf } }, child);
    const secrets = pulumi.secret(pulumi.all([args.key, args.s3Keys]).apply(([key, s3]) => renderPgbackrestSecrets({ key, s3 })));
    this.known = [args.key, args.s3Keys?.key, args.s3Keys?.secret].flatMap((value) => value ?? []);
    this.secrets = new Files(`${name}-secrets`, { platform, files: { "secrets.conf": secrets } }, child);
    this.volume = target === "volume" ? new Volume(`${name}s`, { platform, owner, data: true }, child) : undefined;
    this.networks = target === "volume" ? [] : [bucketNetwork(name, platform, child, args.networkName)];
    this.registerOutputs({ image: this.image });
  }

  /** What every container mounts that archives, backs up or restores. */
  mounts(readOnly = false): docker.types.input.ContainerMount[] {
    return [
      this.config.mount(backupPaths.config),
      this.secrets.mount(backupPaths.secrets),
      ...(this.volume === undefined ? [] : [this.volume.mount(backupPaths.repository, readOnly)]),
    ];
  }
}

/** The network of a repository in a bucket: a way out, for what reaches the bucket alone. @param name of the repository. */
export function bucketNetwork(name: string, platform: Platform, opts: pulumi.CustomResourceOptions, hostName = `${name}-network`): { name: pulumi.Output<string> } {
  return { name: new docker.Network(`${name}-network`, { name: `${platform.prefix}-${hostName}`, driver: "bridge", internal: false, labels: labelsOf(platform, "network") }, opts).name };
}
