import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { collectorData, collectorHealth, renderCollectorConfig } from "./log-collector-config.ts";
import { locallyLogged } from "../docker/logging.ts";
import type { Loki } from "./loki.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { busybox, type Tools } from "../docker/tools.ts";
import { Volume } from "../docker/volume.ts";

export interface LogCollectorArgs {
  platform: Platform;
  /** The monitoring network, by name; Loki is on it. */
  network: pulumi.Input<string>;
  loki: Loki;
  /** Port on 127.0.0.1 of the Docker host, to which the engine sends the lines. */
  port: number;
  tools: Tools;
  /** Name of the network that publishes the port, after the stack's prefix. @default `<name>-intake` */
  intakeNetwork?: string;
}

const user = 10_001;
const intake = { host: "logs", port: 24_224 };
const metricsPort = 8888;

/**
 * The OpenTelemetry Collector: takes every container's lines from the Docker Engine, and gives them to Loki.
 *
 * The engine sends by its own fluentd driver to a port on 127.0.0.1, so the collector reads neither the Docker socket
 * nor a folder of the host, and no container waits for it. It takes lines on a network of its own, which publishes the
 * port, and there alone.
 *
 * @example
 * new LogCollector("log-collector", { platform, network: networks.monitoring, loki, port: 24224, tools });
 */
export class LogCollector extends pulumi.ComponentResource {
  /** `host:port` of its metrics on the monitoring network. */
  readonly target: string;

  constructor(name: string, args: LogCollectorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:LogCollector", name, {}, opts);
    const { platform, network, loki, port, tools, intakeNetwork = `${name}-intake` } = args;
    this.target = `${name}:${metricsPort}`;
    const child = { parent: this };
    const config = renderCollectorConfig({ intake: `${intake.host}:${intake.port}`, metrics: { host: name, port: metricsPort }, loki: loki.url });
    const files = new Files(`${name}-config`, { platform, files: { "collector.yml": config } }, child);
    // Lines that nobody has yet are data.
    const data = new Volume(`${name}-data`, { platform, owner: user, data: true }, child);
    const own = new docker.Network(
      `${name}-network`,
      { name: `${platform.prefix}-${intakeNetwork}`, driver: "bridge", labels: labelsOf(platform, "network") },
      child,
    );
    new docker.Container(
      name,
      {
        image: platform.image("logCollector"),
        entrypoints: ["/otelcol-contrib"],
        command: ["--config=/etc/berth/collector.yml"],
        user: `${user}:${user}`,
        envs: ["GOMEMLIMIT=100MiB"],
        mounts: [data.mount(collectorData), files.mount("/etc/berth"), tools.mount()],
        networksAdvanced: [{ name: own.name, aliases: [intake.host] }, { name: network, aliases: [name] }],
        ports: [{ internal: intake.port, external: port, ip: "127.0.0.1", protocol: "tcp" }],
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", busybox, "wget", "-q", "-T", "4", "-O", "/dev/null", `http://${collectorHealth}/`], { stopGrace: 20 }),
        ...hardened(sizeOf(platform, "logCollector")),
        ...locallyLogged(platform, name),
      },
      containerOptions(this, false),
    );
    this.registerOutputs({});
  }
}
