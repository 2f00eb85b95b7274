import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Database } from "./database.ts";
import { Files } from "./files.ts";
import { containerOptions, hardened } from "./hardening.ts";
import { healthGated } from "./health.ts";
import { labelsOf, type Platform } from "./platform.ts";
import type { Postgres } from "./postgres.ts";
import { renderPrometheusConfig, renderRules } from "./prometheus-config.ts";
import type { Redis } from "./redis.ts";
import type { Route } from "./traefik-config.ts";
import { Volume } from "./volume.ts";

export interface MonitoringArgs {
  platform: Platform;
  /** The monitoring network, by name; Postgres, Redis and Traefik are on it. */
  network: pulumi.Input<string>;
  postgres: Postgres;
  redis: Redis;
  /** How long samples are kept, for example `15d`. */
  retention: string;
}

const nobody = "65534:65534";

/**
 * Prometheus, and the exporters of Postgres, Redis and the host; Traefik is scraped as it is.
 *
 * The host's exporter mounts nothing of the host: processor, memory and disk figures of the kernel
 * are the same inside a container; its network figures are the container's own.
 *
 * @example
 * const monitoring = new Monitoring("monitoring", { platform, network: networks.monitoring, postgres, redis, retention: "15d" });
 */
export class Monitoring extends pulumi.ComponentResource {
  /** Name of Prometheus's container, known once it is healthy. */
  readonly prometheusName: pulumi.Output<string>;
  readonly prometheusPort = 9090;
  private readonly args: MonitoringArgs;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Monitoring", name, {}, opts);
    this.args = args;
    this.nodeExporter();
    this.postgresExporter();
    this.redisExporter();
    this.prometheusName = this.prometheus();
    this.registerOutputs({ prometheusName: this.prometheusName });
  }

  /** The route that publishes Prometheus under a host name; none without one. */
  routes(host: string | undefined): pulumi.Output<Route>[] {
    if (host === undefined) return [];
    const name = "prometheus";
    const route = (server: string) => ({ name, host, servers: [server], port: this.prometheusPort, healthPath: "/-/ready" });
    return [this.prometheusName.apply(route)];
  }

  private nodeExporter(): void {
    this.container("node-exporter", 9100, {
      image: this.args.platform.images.nodeExporter,
      entrypoints: ["node_exporter"],
      command: ["--web.listen-address=:9100"],
      user: nobody,
      ...hardened({ memory: 64 }),
    });
  }

  private postgresExporter(): void {
    const { platform, postgres } = this.args;
    const role = new Database("exporter-role", { platform, postgres, role: "exporter", access: "monitor" }, { parent: this });
    const files = new Files("postgres-exporter-secret", { platform, files: { password: role.password } }, { parent: this });
    this.container("postgres-exporter", 9187, {
      image: platform.images.postgresExporter,
      entrypoints: ["postgres_exporter"],
      command: ["--web.listen-address=:9187"],
      envs: [
        `DATA_SOURCE_URI=${postgres.host}:${postgres.port}/postgres?sslmode=disable`,
        `DATA_SOURCE_USER=${role.role}`,
        "DATA_SOURCE_PASS_FILE=/run/secrets/password",
      ],
      user: nobody,
      mounts: [files.mount("/run/secrets")],
      ...hardened({ memory: 64 }),
    });
  }

  private redisExporter(): void {
    const { platform, redis } = this.args;
    const address = `redis://${redis.host}:${redis.port}`;
    const passwords = redis.exporterPassword.apply((password) =>
      JSON.stringify({ [`redis://exporter@${redis.host}:${redis.port}`]: password }),
    );
    const files = new Files(
      "redis-exporter-secret",
      { platform, files: { "passwords.json": pulumi.secret(passwords) } },
      { parent: this },
    );
    this.container("redis-exporter", 9121, {
      image: platform.images.redisExporter,
      entrypoints: ["/redis_exporter"],
      command: [
        `--redis.addr=${address}`,
        "--redis.user=exporter",
        "--redis.password-file=/run/secrets/passwords.json",
        "--web.listen-address=:9121",
      ],
      user: nobody,
      mounts: [files.mount("/run/secrets")],
      ...hardened({ memory: 64 }),
    });
  }

  private prometheus(): pulumi.Output<string> {
    const { platform, retention } = this.args;
    const data = new Volume("prometheus-data", { platform, owner: 65_534, data: true }, { parent: this });
    const config = new Files(
      "prometheus-config",
      {
        platform,
        files: {
          "prometheus.yml": renderPrometheusConfig({
            prometheus: "127.0.0.1:9090",
            node: "node-exporter:9100",
            postgres: "postgres-exporter:9187",
            redis: "redis-exporter:9121",
            traefik: "traefik:8080",
          }),
          "rules.yml": renderRules(),
        },
      },
      { parent: this },
    );
    return this.container(
      "prometheus",
      this.prometheusPort,
      {
        image: platform.images.prometheus,
        entrypoints: ["prometheus"],
        command: [
          "--config.file=/etc/berth/prometheus.yml",
          "--storage.tsdb.path=/prometheus",
          `--storage.tsdb.retention.time=${retention}`,
        ],
        user: nobody,
        mounts: [data.mount("/prometheus"), config.mount("/etc/berth")],
        stopTimeout: 60,
        destroyGraceSeconds: 60,
        ...hardened({ memory: 512 }),
      },
      "/-/healthy",
    ).name;
  }

  /** A container on the monitoring network under its role as host name, healthy when it answers `path`. */
  private container(role: string, port: number, args: docker.ContainerArgs, path = "/"): docker.Container {
    return new docker.Container(
      role,
      {
        networksAdvanced: [{ name: this.args.network, aliases: [role] }],
        labels: labelsOf(this.args.platform, role),
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`], { stopGrace: 10 }),
        ...args,
      },
      containerOptions(this, false),
    );
  }
}
