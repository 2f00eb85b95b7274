import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { Job } from "../docker/job.ts";
import { Volume } from "../docker/volume.ts";
import { Image } from "../image/image.ts";
import { bucketNetwork, type RepositoryArgs } from "../postgres/backup-repository.ts";
import { envList } from "../app/workload.ts";
import { renderSnapshotEnv, renderSnapshotSecrets, type SnapshotConfig, snapshotPaths } from "./snapshot-config.ts";

/** The image is Redis with restic: a drill starts the server on what it restores. */
export interface SnapshotRepositoryArgs extends RepositoryArgs, Omit<SnapshotConfig, "prefix" | "encrypted"> {}

/** Root, as the files of a source may be anybody's. */
export const user = "0:0";

/**
 * Where snapshots go, and what a container needs to reach them: the image with restic, the keys, and the repository,
 * which a job has made.
 *
 * @example
 * const repository = new SnapshotRepository("snapshots", { platform, registry, pullProvider, baseImage, source: { context: "/berth/images/snapshots" }, target: "volume", keep, sources: ["redis"] });
 */
export class SnapshotRepository extends pulumi.ComponentResource {
  /** `repository:tag@digest` of Redis with restic. */
  readonly image: pulumi.Output<string>;
  /** The network with a way out that an S3 target needs; none otherwise. */
  readonly networks: { name: pulumi.Output<string> }[];
  /** The environment that goes with {@link mounts}. */
  readonly env: Record<string, string>;
  /** The repository is there, and its key opens it. */
  readonly ready: pulumi.Output<docker.Container>;
  private readonly secrets: Files;
  private readonly volume: Volume | undefined;

  constructor(name: string, args: SnapshotRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:SnapshotRepository", name, {}, opts);
    const { platform, registry, pullProvider, baseImage, source, target, key, s3Keys } = args;
    const child = { parent: this };
    this.image = new Image(`${name}-image`, { ...source, registry, repository: "berth-snapshots", buildArgs: { BASE: baseImage }, pullProvider }, child).ref;
    if (key === undefined) void pulumi.log.warn("the snapshots of Redis and of the applications' volumes are not encrypted: ./berth secret berth:backupKey", this);
    this.env = renderSnapshotEnv({ ...args, prefix: platform.prefix, encrypted: key !== undefined });
    const known = { ...(key !== undefined && { key }), ...(s3Keys !== undefined && { s3: s3Keys }) };
    const names = Object.keys(renderSnapshotSecrets({ key: key === undefined ? undefined : "", s3: s3Keys && { key: "", secret: "" } }));
    const content = pulumi.output(known).apply(renderSnapshotSecrets);
    const files = Object.fromEntries(names.map((file) => [file, pulumi.secret(content.apply((all) => all[file] ?? ""))]));
    this.secrets = new Files(`${name}-secrets`, { platform, files }, child);
    this.volume = target === "volume" ? new Volume(`${name}-repository`, { platform, owner: 0, data: true }, child) : undefined;
    this.networks = target === "volume" ? [] : [bucketNetwork(name, platform, child, name)];
    const init = new Job(
      `${name}-init`,
      {
        platform,
        image: this.image,
        entrypoint: ["berth-snapshots"],
        command: ["init"],
        env: envList(this.env),
        secrets: [key, s3Keys?.key, s3Keys?.secret].flatMap((value) => value ?? []),
        user,
        mounts: this.mounts(),
        memory: 256,
        ...(this.networks.length > 0 && { networks: this.networks }),
      },
      child,
    );
    this.ready = init.done;
    this.registerOutputs({ image: this.image });
  }

  /** What every container mounts that makes snapshots or restores them. */
  mounts(readOnly = false): docker.types.input.ContainerMount[] {
    return [this.secrets.mount(snapshotPaths.secrets), ...(this.volume === undefined ? [] : [this.volume.mount(snapshotPaths.repository, readOnly)])];
  }
}
