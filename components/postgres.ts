import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "./files.ts";
import { containerOptions, hardened } from "./hardening.ts";
import { Job } from "./job.ts";
import { healthGated } from "./health.ts";
import { labelsOf, type Platform } from "./platform.ts";
import { type PostgresSizes, renderPgHba, renderPostgresConf } from "./postgres-config.ts";
import { Volume } from "./volume.ts";

export interface PostgresArgs extends PostgresSizes {
  platform: Platform;
  /** Networks by name whose containers may connect, at the host name `postgres`. */
  networks: pulumi.Input<string>[];
  /** Processor cores. @default 1 */
  cpus?: number;
}

const user = 999;
const programs = "/usr/lib/postgresql/17/bin";
const dataMount = "/var/lib/postgresql/data";
const data = `${dataMount}/17`;

/**
 * A Postgres server with data checksums on a protected volume.
 *
 * It is initialised by a job, not by the image's script. The superuser has no password: it enters by
 * a socket on a volume that only this stack's jobs mount (see {@link Database}). Replaced by stopping
 * first, because two servers must never share a volume; the stop is a clean shutdown.
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
  private readonly platform: Platform;
  private readonly socket: Volume;
  private readonly container: docker.Container;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Postgres", name, {}, opts);
    const { platform } = args;
    this.platform = platform;
    this.socket = new Volume(`${name}-socket`, { platform, owner: user }, { parent: this });
    const dataVolume = new Volume(`${name}-data`, { platform, owner: user, data: true }, { parent: this });
    const config = new Files(
      `${name}-config`,
      { platform, files: { "postgresql.conf": renderPostgresConf(args), "pg_hba.conf": renderPgHba() } },
      { parent: this },
    );
    const init = this.initialise(`${name}-init`, dataVolume);
    this.container = new docker.Container(
      name,
      {
        image: platform.images.postgres,
        entrypoints: [`${programs}/postgres`],
        command: ["-D", data, "-c", "config_file=/etc/berth/postgresql.conf"],
        user: `${user}:${user}`,
        mounts: [dataVolume.mount(dataMount), this.socket.mount("/var/run/postgresql"), config.mount("/etc/berth")],
        networksAdvanced: args.networks.map((network) => ({ name: network, aliases: [this.host] })),
        labels: labelsOf(platform, "postgres"),
        // SIGINT is Postgres's fast shutdown: open transactions are rolled back, a checkpoint is written.
        stopSignal: "SIGINT",
        ...healthGated(["CMD", `${programs}/pg_isready`, "-q", "-h", "/var/run/postgresql"], { healthWait: 120, stopGrace: 120 }),
        shmSize: 128,
        ...hardened({ memory: args.memory, cpus: args.cpus ?? 1, processes: 2048 }),
      },
      containerOptions(this, false, { dependsOn: init.done }),
    );
    this.containerName = this.container.name;
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
        command: ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", "/var/run/postgresql", "-d", "postgres", "-f", "/run/sql/run.sql"],
        user: `${user}:${user}`,
        // Hides the volume that the image declares there, which would be made for each run.
        tmpfs: { "/tmp": 16, [dataMount]: 1 },
        // The server's own processes count too: they have the same user id.
        processes: 4096,
        mounts: [
          this.socket.mount("/var/run/postgresql"),
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
}
