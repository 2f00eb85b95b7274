import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Schedule } from "../app/schedule.ts";
import { defaultTmpfs, type Loosening } from "../docker/hardening.ts";
import type { Platform } from "../docker/platform.ts";
import type { Tools } from "../docker/tools.ts";
import { Volume } from "../docker/volume.ts";
import type { BackupTimes } from "../postgres/backup-schedules.ts";
import { snapshotPaths, sourcePath } from "./snapshot-config.ts";
import { SnapshotRepository, type SnapshotRepositoryArgs, user } from "./snapshot-repository.ts";

export interface SnapshotsArgs extends SnapshotRepositoryArgs, BackupTimes {
  platform: Platform;
  tools: Tools;
  /** MiB of the Redis server, which a drill starts on the restored files. */
  redisMemory: number;
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
}

/** Seconds for which an update waits for snapshots that are being made. */
const snapshotGrace = 3600;

/** Where Redis's image declares a volume, which would be made for each container. */
const declared = "/data";

/**
 * Snapshots of Redis and of the applications' volumes by restic, at the times of Postgres's backups, and their drills.
 *
 * Redis is copied by its files, which it only appends to: no login, no network, no fork of the server. Every source is
 * mounted read-only. A drill restores to a volume of its own; it mounts no source, and cannot write the repository.
 *
 * @example
 * const snapshots = new Snapshots("snapshots", { platform, tools, …, sources: ["redis", "shop/data"], redisMemory: 128, network });
 * snapshots.schedule({ redis: redis.dataVolume, "shop/data": shop.volumes["data"] });
 */
export class Snapshots extends pulumi.ComponentResource {
  /** Results as files for Prometheus, see snapshot-metrics.ts. */
  readonly metricFiles: Volume;
  /** `repository:tag@digest` of Redis with restic. */
  readonly image: pulumi.Output<string>;
  /** The drill's container: with it a restore has all that it needs. */
  readonly ready: docker.Container;
  private readonly name: string;
  private readonly args: SnapshotsArgs;
  private readonly repository: SnapshotRepository;

  constructor(name: string, args: SnapshotsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Snapshots", name, {}, opts);
    const { platform } = args;
    this.name = name;
    this.args = args;
    this.repository = new SnapshotRepository(name, args, { parent: this });
    this.image = this.repository.image;
    this.metricFiles = new Volume(`${name}-metrics`, { platform, owner: 0 }, { parent: this });
    const drill = new Volume(`${name}-drill`, { platform, owner: 0 }, { parent: this });
    // What is restored is given back to its owners.
    const loosening = { capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"], tmpfs: { ...defaultTmpfs, [declared]: 1 } };
    const mounts = [...this.repository.mounts(true), this.metricFiles.mount(snapshotPaths.metrics), drill.mount(snapshotPaths.drill)];
    this.ready = this.scheduled("drill", args.drill, ["drill"], mounts, loosening, 60);
    this.registerOutputs({ image: this.image });
  }

  /** Makes snapshots of these volumes, by source, from now on. Each is there before the container that mounts it. */
  schedule(volumes: Record<string, pulumi.Input<string>>): void {
    const { full, differential } = this.args;
    const sources = Object.entries(volumes).map(([source, volume]) => ({ type: "volume", source: volume, target: sourcePath(source), readOnly: true }));
    // Not DAC_READ_SEARCH: with that a process opens any file of the host's disk by its number.
    const loosening = { capabilities: ["DAC_OVERRIDE"], tmpfs: { ...defaultTmpfs, [declared]: 1 } };
    const mounts = [...sources, ...this.repository.mounts(), this.metricFiles.mount(snapshotPaths.metrics)];
    this.scheduled("full", full, ["backup", "full"], mounts, loosening, snapshotGrace);
    this.scheduled("differential", differential, ["backup", "diff"], mounts, loosening, snapshotGrace);
  }

  private scheduled(kind: string, cron: string, command: string[], mounts: docker.types.input.ContainerMount[], loosening: Loosening, stopGrace: number): docker.Container {
    const { platform, tools, network, timeZone, redisMemory } = this.args;
    const { image, env, networks, ready } = this.repository;
    const made = new Schedule(
      `${this.name}-${kind}`,
      {
        platform,
        app: "snapshots",
        schedule: `snapshots-${kind}`,
        cron,
        timeZone,
        command: ["berth-snapshots", ...command],
        image,
        env,
        user,
        cpus: 1,
        // restic has ended when Redis begins.
        memory: kind === "drill" ? Math.max(512, redisMemory + 128) : 512,
        processes: 4096,
        mounts: [...mounts, tools.mount()],
        networks: [{ name: network }, ...networks],
        loosening,
        stopGrace,
      },
      { parent: this, dependsOn: ready },
    );
    return made.container;
  }
}
