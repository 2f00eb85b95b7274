import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { BackupRepository, type BackupRepositoryArgs } from "./backup-repository.ts";
import { BackupSchedules, type BackupSchedulesArgs } from "./backup-schedules.ts";
import { Files } from "./files.ts";
import { containerOptions, hardened } from "./hardening.ts";
import { Job } from "./job.ts";
import { healthGated } from "./health.ts";
import { logged } from "./logging.ts";
import { labelsOf, type Platform } from "./platform.ts";
import { type PostgresSizes, renderPgHba, renderPostgresConf } from "./postgres-config.ts";
import { Volume } from "./volume.ts";
import { envList } from "./workload.ts";

export interface PostgresArgs extends PostgresSizes {
  platform: Platform;
  /** Networks by name whose containers may connect, at the host name `postgres`. */
  networks: pulumi.Input<string>[];
  /** Processor cores. @default 1 */
  cpus?: number;
  /** Backups with pgBackRest. @default none */
  backup?: PostgresBackup;
}

/** Where backups go, when they are made, and what carries them out. */
export type PostgresBackup = Omit<BackupRepositoryArgs, "platform" | "owner" | "data" | "socket"> &
  Omit<BackupSchedulesArgs, "platform" | "owner" | "mounts" | "repository">;

const user = 999;
const programs = "/usr/lib/postgresql/17/bin";
const dataMount = "/var/lib/postgresql/data";
const data = `${dataMount}/17`;
const socketDirectory = "/var/run/postgresql";

/**
 * A Postgres server with data checksums on a protected volume.
 *
 * It is initialised by a job, not by the image's script. The superuser has no password: it enters by
 * a socket on a volume that only this stack's jobs mount (see {@link Database}). Replaced by stopping
 * first, because two servers must never share a volume; the stop is a clean shutdown.
 *
 * With backups its image has pgBackRest, and each segment of its write-ahead log is archived.
 *
 * @example
 * const postgres = new Postgres("postgres", { platform, networks: [networks.app("root")], memory: 512, connections: 100 });
 */
export class Postgres extends pulumi.ComponentResource {
  /** Host name on its networks. */
  readonly host = "postgres";
  readonly port = 5432;
  /** Name of the running container. */
  readonly containerName: pulumi.Output<string>;
  /** Results of backups as files for Prometheus; undefined without backups. */
  readonly metricFiles: Volume | undefined;
  /** `repository:tag@digest` of Postgres with pgBackRest; undefined without backups. */
  readonly backupImage: pulumi.Output<string> | undefined;
  private readonly platform: Platform;
  private readonly socket: Volume;
  private readonly container: docker.Container;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Postgres", name, {}, opts);
    const { platform } = args;
    this.platform = platform;
    this.socket = new Volume(`${name}-socket`, { platform, owner: user }, { parent: this });
    const dataVolume = new Volume(`${name}-data`, { platform, owner: user, data: true }, { parent: this });
    const repository = this.repository(`${name}-backup`, args);
    const config = new Files(
      `${name}-config`,
      {
        platform,
        files: { "postgresql.conf": renderPostgresConf({ ...args, archive: repository !== undefined }), "pg_hba.conf": renderPgHba() },
      },
      { parent: this },
    );
    const init = this.initialise(`${name}-init`, dataVolume);
    this.container = new docker.Container(
      name,
      {
        image: repository?.image ?? platform.images.postgres,
        entrypoints: [`${programs}/postgres`],
        command: ["-D", data, "-c", "config_file=/etc/berth/postgresql.conf"],
        ...(repository !== undefined && { envs: envList(repository.env) }),
        user: `${user}:${user}`,
        mounts: [
          dataVolume.mount(dataMount),
          this.socket.mount(socketDirectory),
          config.mount("/etc/berth"),
          ...(repository?.mounts() ?? []),
        ],
        networksAdvanced: [
          ...args.networks.map((network) => ({ name: network, aliases: [this.host] })),
          ...(repository?.networks ?? []),
        ],
        labels: labelsOf(platform, "postgres"),
        // SIGINT is Postgres's fast shutdown: open transactions are rolled back, a checkpoint is written.
        stopSignal: "SIGINT",
        ...healthGated(["CMD", `${programs}/pg_isready`, "-q", "-h", socketDirectory], { healthWait: 120, stopGrace: 120 }),
        shmSize: 128,
        ...hardened({ memory: args.memory, cpus: args.cpus ?? 1, processes: 2048 }),
        ...logged(platform, "postgres"),
      },
      containerOptions(this, false, {
        dependsOn: repository === undefined ? init.done : this.stanza(`${name}-backup-stanza`, repository, dataVolume, init).done,
      }),
    );
    this.containerName = this.container.name;
    this.backupImage = repository?.image;
    this.metricFiles = this.schedules(`${name}-backup`, args, repository, dataVolume)?.metricFiles;
    this.registerOutputs({ containerName: this.containerName });
  }

  /**
   * A job that runs SQL as the superuser, with `files` readable under /run/secrets.
   *
   * It has no network: it enters by the socket.
   */
  runSql(name: string, sql: string, files: Files, parent: pulumi.Resource): Job {
    return new Job(
      name,
      {
        platform: this.platform,
        image: this.platform.images.postgres,
        entrypoint: [`${programs}/psql`],
        command: ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", socketDirectory, "-d", "postgres", "-f", "/run/sql/run.sql"],
        user: `${user}:${user}`,
        // Hides the volume that the image declares there, which would be made for each run.
        loosening: { tmpfs: { "/tmp": 16, [dataMount]: 1 } },
        // The server's own processes count too: they have the same user id.
        processes: 4096,
        mounts: [
          this.socket.mount(socketDirectory),
          files.mount("/run/secrets"),
          new Files(`${name}-sql`, { platform: this.platform, files: { "run.sql": sql } }, { parent }).mount("/run/sql"),
        ],
      },
      { parent, dependsOn: this.container },
    );
  }

  private initialise(name: string, dataVolume: Volume): Job {
    const script = `test -s ${data}/PG_VERSION || exec ${programs}/initdb -D ${data} -U postgres --data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256`;
    return new Job(
      name,
      {
        platform: this.platform,
        image: this.platform.images.postgres,
        entrypoint: ["/bin/sh", "-ec"],
        command: [script],
        user: `${user}:${user}`,
        memory: 512,
        mounts: [dataVolume.mount(dataMount)],
      },
      // A cluster is initialised once; a newer image must not count as a reason to run this again.
      { parent: this, ignoreChanges: ["image"] },
    );
  }

  private repository(name: string, { platform, backup }: PostgresArgs): BackupRepository | undefined {
    if (backup === undefined) return undefined;
    const { registry, pullProvider, baseImage, image, target, keep, key, s3Keys } = backup;
    const server = { owner: user, data, socket: socketDirectory };
    return new BackupRepository(name, { platform, registry, pullProvider, baseImage, image, target, keep, key, s3Keys, ...server }, { parent: this });
  }

  /** Prepares the repository for this database, before the server archives the first segment. */
  private stanza(name: string, repository: BackupRepository, dataVolume: Volume, init: Job): Job {
    return new Job(
      name,
      {
        platform: this.platform,
        image: repository.image,
        entrypoint: ["/bin/sh", "-ec"],
        // Told here, while the server of before still runs: an image by its digest may be of another version.
        command: [`test -x ${programs}/postgres || { echo "berth:images.postgresBackup has no ${programs}/postgres: take it out of the stack file, and the image is built" >&2; exit 1; }; exec berth-backup stanza`],
        env: envList(repository.env),
        user: `${user}:${user}`,
        processes: 4096,
        mounts: [dataVolume.mount(dataMount, true), this.socket.mount(socketDirectory), ...repository.mounts()],
        ...(repository.networks.length > 0 && { networks: repository.networks }),
      },
      { parent: this, dependsOn: init.done },
    );
  }

  private schedules(name: string, { platform, backup }: PostgresArgs, repository: BackupRepository | undefined, dataVolume: Volume): BackupSchedules | undefined {
    if (backup === undefined || repository === undefined) return undefined;
    const { tools, network, full, differential, drill, timeZone } = backup;
    const mounts = [dataVolume.mount(dataMount, true), this.socket.mount(socketDirectory)];
    const times = { full, differential, drill, timeZone };
    return new BackupSchedules(
      name,
      { platform, tools, repository, mounts, owner: user, network, ...times },
      { parent: this, dependsOn: this.container },
    );
  }
}
