import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { renderRules } from "./alert-rules.ts";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { login, renderClientConfig, renderPrometheusConfig, renderWebConfig, type ScrapeTargets } from "./prometheus-config.ts";
import { Volume } from "../docker/volume.ts";

export interface PrometheusArgs {
  platform: Platform;
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
  /** Networks of the applications that it scrapes, by name. @default none */
  applicationNetworks?: pulumi.Input<string>[];
  targets: ScrapeTargets;
  /** How long samples are kept, for example `15d`. */
  retention: string;
  /** MiB that samples may take of the disk; beyond it the oldest go. @default 4096 */
  size?: number;
}

const nobody = "65534:65534";

/**
 * Prometheus, with a login: it is on the networks of the applications that it scrapes.
 *
 * It also listens on the monitoring network alone, by its name there, so an application's connection is refused before
 * any login.
 *
 * @example
 * const prometheus = new Prometheus("prometheus", { platform, network: networks.monitoring, targets, retention: "15d" });
 */
export class Prometheus extends pulumi.ComponentResource {
  /** Host name on the monitoring network. */
  readonly host: string;
  readonly port = 9090;
  readonly username = login.username;
  readonly password: pulumi.Output<string>;
  /** Name of the container, known once it is healthy. */
  readonly containerName: pulumi.Output<string>;

  constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Prometheus", name, {}, opts);
    this.host = name;
    const { platform, network, applicationNetworks = [], targets, retention, size = 4096 } = args;
    // They were its parent's own children once.
    const child = { parent: this, aliases: [{ parent: opts?.parent }] };
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    this.password = pulumi.secret(password.result);
    const data = new Volume(`${name}-data`, { platform, owner: 65_534, data: true }, child);
    const config = new Files(
      `${name}-config`,
      {
        platform,
        files: {
          "prometheus.yml": renderPrometheusConfig({
            ...targets,
            parts: { prometheus: `${this.host}:${this.port}`, ...targets.parts },
          }),
          "rules.yml": renderRules(targets),
        },
      },
      child,
    );
    const secrets = new Files(
      `${name}-secret`,
      {
        platform,
        files: {
          "web.yml": pulumi.secret(password.bcryptHash.apply(renderWebConfig)),
          "client.yml": renderClientConfig(),
          password: this.password,
        },
      },
      { parent: this },
    );
    this.containerName = new docker.Container(
      name,
      {
        image: platform.image("prometheus"),
        entrypoints: ["prometheus"],
        command: [
          "--config.file=/etc/berth/prometheus.yml",
          "--web.config.file=/run/secrets/web.yml",
          `--web.listen-address=${this.host}:${this.port}`,
          "--storage.tsdb.path=/prometheus",
          `--storage.tsdb.retention.time=${retention}`,
          `--storage.tsdb.retention.size=${size}MB`,
        ],
        user: nobody,
        mounts: [data.mount("/prometheus"), config.mount("/etc/berth"), secrets.mount("/run/secrets")],
        networksAdvanced: [{ name: network, aliases: [this.host] }, ...applicationNetworks.map((other) => ({ name: other }))],
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", "promtool", "check", "healthy", `--url=http://${this.host}:${this.port}`, clientOption], { stopGrace: 60 }),
        ...hardened(sizeOf(platform, "prometheus")),
        ...logged(platform, name),
      },
      containerOptions(this, false, child),
    ).name;
    this.registerOutputs({ containerName: this.containerName });
  }

  /** A command on the Docker host that asks Prometheus. @param expression PromQL without single quotes */
  query(expression: string): pulumi.Output<string> {
    const url = `http://${this.host}:${this.port}`;
    return pulumi.interpolate`docker exec ${this.containerName} promtool query instant ${clientOption} ${url} '${expression}'`;
  }
}

const clientOption = "--http.config.file=/run/secrets/client.yml";
