import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Database } from "./database.ts";
import { Files } from "./files.ts";
import { containerOptions, hardened } from "./hardening.ts";
import { healthGated } from "./health.ts";
import { logged } from "./logging.ts";
import { labelsOf, type Platform } from "./platform.ts";
import type { Postgres } from "./postgres.ts";
import type { Redis } from "./redis.ts";

export interface ExportersArgs {
  platform: Platform;
  /** The monitoring network, by name; Postgres and Redis are on it. */
  network: pulumi.Input<string>;
  postgres: Postgres;
  redis: Redis;
}

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
 * exporters.targets; // { node: "node-exporter:9100", … }
 */
export class Exporters extends pulumi.ComponentResource {
  /** Job name to `host:port`. */
  readonly targets = { node: "node-exporter:9100", postgres: "postgres-exporter:9187", redis: "redis-exporter:9121" };
  private readonly args: ExportersArgs;
  private readonly child: pulumi.CustomResourceOptions;

  constructor(name: string, args: ExportersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Exporters", name, {}, opts);
    this.args = args;
    // They were its parent's own children once.
    this.child = { parent: this, aliases: [{ parent: opts?.parent }] };
    this.node();
    this.postgres();
    this.redis();
    this.registerOutputs({});
  }

  private node(): void {
    const { platform, postgres } = this.args;
    // What backups leave behind; its figures appear beside the host's.
    const { metricFiles } = postgres;
    this.container("node-exporter", 9100, {
      image: platform.images.nodeExporter,
      entrypoints: ["node_exporter"],
      command: [
        "--web.listen-address=:9100",
        ...(metricFiles === undefined ? [] : [`--collector.textfile.directory=${metricFilesDirectory}`]),
      ],
      ...(metricFiles !== undefined && { mounts: [metricFiles.mount(metricFilesDirectory, true)] }),
    });
  }

  private postgres(): void {
    const { platform, postgres } = this.args;
    const role = new Database("exporter-role", { platform, postgres, role: "exporter", access: "monitor" }, this.child);
    const files = new Files("postgres-exporter-secret", { platform, files: { password: role.password } }, this.child);
    this.container("postgres-exporter", 9187, {
      image: platform.images.postgresExporter,
      entrypoints: ["postgres_exporter"],
      command: ["--web.listen-address=:9187"],
      envs: [
        `DATA_SOURCE_URI=${postgres.host}:${postgres.port}/postgres?sslmode=disable`,
        `DATA_SOURCE_USER=${role.role}`,
        "DATA_SOURCE_PASS_FILE=/run/secrets/password",
      ],
      mounts: [files.mount("/run/secrets")],
    });
  }

  private redis(): void {
    const { platform, redis } = this.args;
    const address = `redis://${redis.host}:${redis.port}`;
    const passwords = redis.exporterPassword.apply((password) =>
      JSON.stringify({ [`redis://exporter@${redis.host}:${redis.port}`]: password }),
    );
    const secret = { platform, files: { "passwords.json": pulumi.secret(passwords) } };
    const files = new Files("redis-exporter-secret", secret, this.child);
    this.container("redis-exporter", 9121, {
      image: platform.images.redisExporter,
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

  /** A container on the monitoring network under its role as host name, healthy when it answers `/`. */
  private container(role: string, port: number, args: docker.ContainerArgs): void {
    new docker.Container(
      role,
      {
        user: nobody,
        networksAdvanced: [{ name: this.args.network, aliases: [role] }],
        labels: labelsOf(this.args.platform, role),
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}/`], { stopGrace: 10 }),
        ...hardened({ memory: 64 }),
        ...logged(this.args.platform, role),
        ...args,
      },
      containerOptions(this, false, this.child),
    );
  }
}
