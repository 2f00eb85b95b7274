import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { backupPaths } from "./backup-config.ts";
import type { BackupRepository } from "./backup-repository.ts";
import { Job } from "./job.ts";
import type { Platform } from "./platform.ts";
import { Schedule } from "./schedule.ts";
import type { Tools } from "./tools.ts";
import { Volume } from "./volume.ts";
import { envList } from "./workload.ts";

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
  /** User and group id of the server. */
  owner: number;
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
}

/**
 * What runs beside a Postgres server that is backed up: a check that its log arrives in the repository, which stops an
 * update that broke it; and the schedules of backups and restore drills.
 *
 * A drill restores the newest backup to a volume of its own, starts a server on it that has no network, reads every row
 * and checks every page.
 *
 * @example
 * new BackupSchedules("postgres-backup", { platform, tools, repository, mounts, owner: 999, network, full: "30 2 * * 0", … });
 */
export class BackupSchedules extends pulumi.ComponentResource {
  /** Results of backups and drills as files for Prometheus, see components/backup-metrics.ts. */
  readonly metricFiles: Volume;

  constructor(name: string, args: BackupSchedulesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:BackupSchedules", name, {}, opts);
    const { platform, tools, repository, owner, timeZone } = args;
    const child = { parent: this };
    const user = `${owner}:${owner}`;
    this.metricFiles = new Volume(`${name}-metrics`, { platform, owner }, child);
    const drill = new Volume(`${name}-drill`, { platform, owner }, child);
    const mounts = [...args.mounts, ...repository.mounts(), this.metricFiles.mount(backupPaths.metrics)];
    const common = { platform, image: repository.image, user, cpus: 1, memory: 512, processes: 4096, mounts };
    const check = new Job(
      `${name}-check`,
      {
        ...common,
        entrypoint: ["berth-backup"],
        command: ["check"],
        env: envList(repository.env),
        ...(repository.networks.length > 0 && { networks: repository.networks }),
      },
      child,
    );
    const schedule = (schedule: string, cron: string, command: string[], more: docker.types.input.ContainerMount[] = []) =>
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
          mounts: [...mounts, tools.mount, ...more],
          networks: [{ name: args.network }, ...repository.networks],
        },
        { parent: this, dependsOn: check.done },
      );
    schedule("full", args.full, ["backup", "full"]);
    schedule("differential", args.differential, ["backup", "diff"]);
    schedule("drill", args.drill, ["drill"], [drill.mount(backupPaths.drill)]);
    this.registerOutputs({});
  }
}
