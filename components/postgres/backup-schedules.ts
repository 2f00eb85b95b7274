import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { backupPaths } from "./backup-config.ts";
import type { BackupRepository } from "./backup-repository.ts";
import { defaultTmpfs, type Loosening } from "../docker/hardening.ts";
import { Job } from "../docker/job.ts";
import type { Platform } from "../docker/platform.ts";
import { Schedule } from "../app/schedule.ts";
import type { Tools } from "../docker/tools.ts";
import { Volume } from "../docker/volume.ts";
import { envList } from "../app/workload.ts";

export interface BackupTimes {
  /** When a full backup, a differential one and a restore drill begin: cron, for example `30 2 * * 0`. */
  full: string;
  differential: string;
  drill: string;
  /** IANA name. */
  timeZone: string;
}

export interface BackupSchedulesArgs extends BackupTimes {
  platform: Platform;
  tools: Tools;
  repository: BackupRepository;
  /** The server's data, which is only read, and its socket. */
  mounts: docker.types.input.ContainerMount[];
  /** Where the server's image declares a volume for its data. */
  dataMount: string;
  /** User and group id of the server. */
  owner: number;
  /** What is there before the log is looked for, whether it arrives or not. @default nothing */
  after?: pulumi.Input<pulumi.Resource>[];
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
}

/** Seconds for which an update waits for a backup that runs: it copies gigabytes, and one that is killed begins anew. */
const backupGrace = 6 * 3600;

/**
 * What runs beside a Postgres server that is backed up: a check that its log arrives in the repository, which stops an
 * update that broke it; and the schedules of backups and restore drills.
 *
 * A drill restores the newest backup to a volume of its own, starts a server on it that has no network, reads every row
 * and checks every page. It mounts neither the live server's socket nor its data, and cannot write the repository.
 *
 * @example
 * new BackupSchedules("postgres-backup", { platform, tools, repository, mounts, owner: 999, network, full: "30 2 * * 0", … });
 */
export class BackupSchedules extends pulumi.ComponentResource {
  /** Results of backups and drills as files for Prometheus, see components/postgres/backup-metrics.ts. */
  readonly metricFiles: Volume;
  /** The repository has the log of this very server. */
  readonly checked: pulumi.Output<docker.Container>;

  constructor(name: string, args: BackupSchedulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:BackupSchedules", name, {}, opts);
    const { platform, tools, repository, owner, timeZone } = args;
    const child = { parent: this };
    const user = `${owner}:${owner}`;
    this.metricFiles = new Volume(`${name}-metrics`, { platform, owner }, child);
    const drill = new Volume(`${name}-drill`, { platform, owner }, child);
    const metrics = this.metricFiles.mount(backupPaths.metrics);
    const mounts = [...args.mounts, ...repository.mounts(), metrics];
    const common = { platform, image: repository.image, user, cpus: 1, memory: 512, processes: 4096 };
    const check = new Job(
      `${name}-check`,
      {
        ...common,
        mounts,
        entrypoint: ["berth-backup"],
        command: ["check"],
        env: envList(repository.env),
        secrets: repository.known,
        ...(repository.networks.length > 0 && { networks: repository.networks }),
      },
      { ...child, dependsOn: args.after },
    );
    this.checked = check.done;
    const schedule = (schedule: string, cron: string, command: string[], own: docker.types.input.ContainerMount[], { loosening = {}, stopGrace }: { loosening?: Loosening; stopGrace?: number } = {}) =>
      new Schedule(
        `${name}-${schedule}`,
        {
          ...common,
          app: "postgres",
          schedule: `backup-${schedule}`,
          cron,
          timeZone,
          command: ["berth-backup", ...command],
          env: repository.env,
          mounts: [...own, tools.mount()],
          networks: [{ name: args.network }, ...repository.networks],
          loosening,
          stopGrace,
        },
        { parent: this, dependsOn: check.done },
      );
    schedule("full", args.full, ["backup", "full"], mounts, { stopGrace: backupGrace });
    schedule("differential", args.differential, ["backup", "diff"], mounts, { stopGrace: backupGrace });
    // Over the volume that the image declares, which would be made for this container.
    const hidden = { tmpfs: { ...defaultTmpfs, [args.dataMount]: 1 } };
    schedule("drill", args.drill, ["drill"], [...repository.mounts(true), metrics, drill.mount(backupPaths.drill)], { loosening: hidden });
    this.registerOutputs({});
  }
}
