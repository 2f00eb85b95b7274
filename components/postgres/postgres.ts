import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { BackupRepository, type BackupRepositoryArgs } from "./backup-repository.ts";
import { BackupSchedules, type BackupSchedulesArgs, type BackupTimes } from "./backup-schedules.ts";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import type { Job } from "../docker/job.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { clusterJob, sqlJob, stanzaJob } from "./postgres-jobs.ts";
import { data, dataMount, programs, socketDirectory, superuserOptions, user } from "./postgres-layout.ts";
import { type PostgresSettings, type PostgresSizes, renderPgHba, renderPgIdent, renderPostgresConf, shareOf } from "./postgres-config.ts";
import { renderGatewayConfig } from "./gateway-config.ts";
import { Volume } from "../docker/volume.ts";
import { envList } from "../app/workload.ts";

export interface PostgresArgs extends PostgresSizes {
  platform: Platform;
  /** The network on which it is, and an address there that nobody has. */
  network: { name: pulumi.Input<string>; nobody: pulumi.Input<string> };
  /** Processor cores. @default 1 */
  cpus?: number;
  /** MiB of temporary files that each connection of an application may fill. @default 1024 */
  temporaryFiles?: number;
  /** Settings beyond those that are made of its sizes. @default none */
  settings?: PostgresSettings | undefined;
  /** Backups with pgBackRest. @default none */
  backup?: PostgresBackup;
}

/** Where backups go, when they are made, and what carries them out. */
export type PostgresBackup = Omit<BackupRepositoryArgs, "platform" | "owner" | "data" | "socket"> &
  Omit<BackupSchedulesArgs, "platform" | "owner" | "mounts" | "repository" | "dataMount">;

/**
 * A Postgres server with data checksums on a protected volume.
 *
 * It is initialised by a job, not by the image's script. The superuser has no password: it enters by
 * a socket on a volume that only this stack's jobs mount (see {@link Role}). Replaced by stopping
 * first, because two servers must never share a volume; the stop is a clean shutdown.
 *
 * With backups its image has pgBackRest, and each segment of its write-ahead log is archived.
 *
 * @example
 * const postgres = new Postgres("postgres", { platform, network: networks.data, memory: 512, connections: 100 });
 */
export class Postgres extends pulumi.ComponentResource {
  /** Host name by which an application reaches it: that of its {@link Gateway}. */
  readonly host: string;
  /** Host name on its own network. No gateway has it, so a gateway that looks it up never finds itself. */
  readonly server: string;
  readonly port = 5432;
  /** Name of the network on which it is. */
  readonly network: pulumi.Input<string>;
  /** The same for the gateways of all applications. */
  readonly gatewayConfig: Files;
  /** Connections that one application may have where nothing else is said. */
  readonly share: number;
  /** MiB of temporary files that each connection of an application may fill. */
  readonly temporaryFiles: number;
  /** Name of the running container. */
  readonly containerName: pulumi.Output<string>;
  /** Results of backups as files for Prometheus; undefined without backups. */
  readonly metricFiles: Volume | undefined;
  /** When backups and restore drills begin; undefined without backups. */
  readonly backupTimes: BackupTimes | undefined;
  /** `repository:tag@digest` of Postgres with pgBackRest; undefined without backups. */
  readonly backupImage: pulumi.Output<string> | undefined;
  private readonly platform: Platform;
  private readonly socket: Volume;
  private readonly container: docker.Container;
  private readonly checked: pulumi.Output<docker.Container> | undefined;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Postgres", name, {}, opts);
    const { platform } = args;
    this.host = name;
    this.server = `${name}-server`;
    this.network = args.network.name;
    this.share = shareOf(args.connections);
    this.temporaryFiles = args.temporaryFiles ?? 1024;
    this.backupTimes = args.backup;
    this.platform = platform;
    this.socket = new Volume(`${name}-socket`, { platform, owner: user }, { parent: this });
    const dataVolume = new Volume(`${name}-data`, { platform, owner: user, data: true, permanent: true }, { parent: this });
    const repository = this.repository(`${name}-backup`, args);
    const config = new Files(
      `${name}-config`,
      {
        platform,
        files: { "postgresql.conf": renderPostgresConf({ ...args, archive: repository !== undefined }), "pg_hba.conf": renderPgHba(), "pg_ident.conf": renderPgIdent() },
      },
      { parent: this },
    );
    const init = clusterJob(`${name}-init`, { platform, data: dataVolume }, this);
    const first = repository === undefined ? init.done : stanzaJob(`${name}-backup-stanza`, { platform, repository, data: dataVolume, socket: this.socket }, { parent: this, dependsOn: init.done }).done;
    // Until an application has its gateway it does not reach the server, which must not stop while the gateway's image is pulled.
    const prepared = pulumi.all([first, platform.image("gateway")]).apply(([container]) => container);
    this.container = new docker.Container(
      name,
      {
        image: repository?.image ?? platform.image("postgres"),
        entrypoints: [`${programs}/postgres`],
        command: ["-D", data, "-c", "config_file=/etc/berth/postgresql.conf"],
        // Of the server nothing reads it; whoever enters its container by `docker exec` has it.
        envs: envList({ PGOPTIONS: superuserOptions, ...repository?.env }),
        user: `${user}:${user}`,
        mounts: [
          dataVolume.mount(dataMount),
          this.socket.mount(socketDirectory),
          config.mount("/etc/berth"),
          ...(repository?.mounts() ?? []),
        ],
        networksAdvanced: [
          { name: args.network.name, aliases: [this.server] },
          ...(repository?.networks ?? []),
        ],
        labels: labelsOf(platform, name),
        // SIGINT is Postgres's fast shutdown: open transactions are rolled back, a checkpoint is written.
        stopSignal: "SIGINT",
        ...healthGated(["CMD", `${programs}/pg_isready`, "-q", "-h", socketDirectory], { healthWait: 120, stopGrace: 120 }),
        shmSize: 128,
        ...hardened({ memory: args.memory, cpus: args.cpus ?? 1, processes: 2048 }),
        ...logged(platform, name),
      },
      containerOptions(this, false, { dependsOn: prepared }),
    );
    this.containerName = this.container.name;
    const gateway = pulumi.output(args.network.nobody).apply((nobody) => renderGatewayConfig({ server: this.server, port: this.port, nobody }));
    this.gatewayConfig = new Files(`${name}-gateway-config`, { platform, files: { "haproxy.cfg": gateway } }, { parent: this });
    this.backupImage = repository?.image;
    const schedules = this.schedules(`${name}-backup`, args, repository, dataVolume);
    this.metricFiles = schedules?.metricFiles;
    this.checked = schedules?.checked;
    this.registerOutputs({ containerName: this.containerName });
  }

  /** A command on the Docker host that opens psql as the superuser. */
  session(): pulumi.Output<string> {
    return pulumi.interpolate`docker exec -it -u ${user} ${this.containerName} psql -h ${socketDirectory} -U postgres`;
  }

  /**
   * A job that runs SQL as the superuser, with `files` readable under /run/secrets.
   *
   * It has no network: it enters by the socket. With backups it waits until these are known to work: on a new host, where
   * another database is still to be restored, no application begins with an empty one.
   */
  runSql(name: string, sql: string, files: Files, parent: pulumi.Resource, secrets: pulumi.Input<string>[] = []): Job {
    return sqlJob(name, { platform: this.platform, socket: this.socket, files, sql, secrets }, { parent, dependsOn: this.checked ?? this.container });
  }

  private repository(name: string, { platform, backup }: PostgresArgs): BackupRepository | undefined {
    if (backup === undefined) return undefined;
    return new BackupRepository(name, { ...backup, platform, owner: user, data, socket: socketDirectory }, { parent: this });
  }

  private schedules(name: string, { platform, backup }: PostgresArgs, repository: BackupRepository | undefined, dataVolume: Volume): BackupSchedules | undefined {
    if (backup === undefined || repository === undefined) return undefined;
    const mounts = [dataVolume.mount(dataMount, true), this.socket.mount(socketDirectory)];
    return new BackupSchedules(name, { ...backup, platform, repository, mounts, dataMount, owner: user }, { parent: this, dependsOn: this.container });
  }
}
