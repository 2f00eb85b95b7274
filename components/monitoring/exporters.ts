import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Role } from "../postgres/role.ts";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { below, type Naming } from "../docker/naming.ts";
import type { Postgres } from "../postgres/postgres.ts";
import type { Redis } from "../redis/redis.ts";
import type { Volume } from "../docker/volume.ts";

export interface ExportersArgs {
  platform: Platform;
  /** The monitoring network, by name; Redis is on it. */
  network: pulumi.Input<string>;
  postgres: Postgres;
  redis: Redis;
  /** Files for Prometheus beyond those of Postgres's backups. @default none */
  metricFiles?: Volume | undefined;
  /** Names of its parts. @default `<name>-<part>` */
  named?: Naming;
}

type ExporterRole = "nodeExporter" | "postgresExporter" | "redisExporter";

const nobody = "65534:65534";
const metricFilesDirectory = "/metric-files";

/**
 * The exporters of the host, Postgres and Redis.
 *
 * The host's exporter mounts nothing of the host: processor, memory, disk and out-of-memory figures of the kernel are the
 * same inside a container; its network figures are the container's own.
 *
 * @example
 * const exporters = new Exporters("exporters", { platform, network: networks.monitoring, postgres, redis });
 * exporters.targets; // { node: "exporters-node-exporter:9100", … }
 */
export class Exporters extends pulumi.ComponentResource {
  /** Job name to `host:port`. */
  readonly targets: Record<"node" | "postgres" | "redis", string>;
  private readonly args: ExportersArgs;
  private readonly named: Naming;
  private readonly child: pulumi.CustomResourceOptions;

  constructor(name: string, args: ExportersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Exporters", name, {}, opts);
    this.args = args;
    this.named = args.named ?? below(name);
    // They were its parent's own children once.
    this.child = { parent: this, aliases: [{ parent: opts?.parent }] };
    this.targets = { node: this.node(), postgres: this.postgres(), redis: this.redis() };
    this.registerOutputs({});
  }

  private node(): string {
    const { postgres } = this.args;
    // What backups leave behind; its figures appear beside the host's.
    const files: [directory: string, volume: Volume | undefined][] = [[metricFilesDirectory, postgres.metricFiles], ["/snapshot-metric-files", this.args.metricFiles]];
    const there = files.flatMap(([directory, volume]) => (volume === undefined ? [] : [{ directory, volume }]));
    return this.container("node-exporter", "nodeExporter", 9100, {
      entrypoints: ["node_exporter"],
      command: [
        "--web.listen-address=:9100",
        ...there.map(({ directory }) => `--collector.textfile.directory=${directory}`),
      ],
      ...(there.length > 0 && { mounts: there.map(({ directory, volume }) => volume.mount(directory, true)) }),
    });
  }

  private postgres(): string {
    const { platform, postgres } = this.args;
    const role = new Role(this.named("exporter-role"), { platform, postgres, role: this.named("exporter"), access: "monitor" }, this.child);
    const files = new Files(this.named("postgres-exporter-secret"), { platform, files: { password: role.password } }, { ...this.child, dependsOn: role.done });
    const named = this.named("postgres-exporter");
    return this.container("postgres-exporter", "postgresExporter", 9187, {
      networksAdvanced: [{ name: this.args.network, aliases: [named] }, { name: postgres.network }],
      entrypoints: ["postgres_exporter"],
      command: ["--web.listen-address=:9187"],
      envs: [
        `DATA_SOURCE_URI=${postgres.server}:${postgres.port}/postgres?sslmode=disable`,
        `DATA_SOURCE_USER=${role.role}`,
        "DATA_SOURCE_PASS_FILE=/run/secrets/password",
      ],
      mounts: [files.mount("/run/secrets")],
    });
  }

  private redis(): string {
    const { platform, redis } = this.args;
    const address = `redis://${redis.host}:${redis.port}`;
    const passwords = redis.exporterPassword.apply((password) =>
      JSON.stringify({ [`redis://exporter@${redis.host}:${redis.port}`]: password }),
    );
    const secret = { platform, files: { "passwords.json": pulumi.secret(passwords) } };
    const files = new Files(this.named("redis-exporter-secret"), secret, this.child);
    return this.container("redis-exporter", "redisExporter", 9121, {
      entrypoints: ["/redis_exporter"],
      command: [
        `--redis.addr=${address}`,
        "--redis.user=exporter",
        "--redis.password-file=/run/secrets/passwords.json",
        "--web.listen-address=:9121",
      ],
      mounts: [files.mount("/run/secrets")],
    });
  }

  /** A container on the monitoring network with its name as host name, healthy when it answers `/`. @returns `host:port` */
  private container(part: string, role: ExporterRole, port: number, args: Omit<docker.ContainerArgs, "image">): string {
    const name = this.named(part);
    new docker.Container(
      name,
      {
        image: this.args.platform.image(role),
        user: nobody,
        networksAdvanced: [{ name: this.args.network, aliases: [name] }],
        labels: labelsOf(this.args.platform, name),
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}/`], { stopGrace: 10 }),
        ...hardened(sizeOf(this.args.platform, role)),
        ...logged(this.args.platform, name),
        ...args,
      },
      containerOptions(this, false, this.child),
    );
    return `${name}:${port}`;
  }
}
