import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import { labels } from "./labels.ts";

/** Where containers' lines go; the whole of a stack has one driver. */
export type LogSettings =
  /** Files on the Docker host, at most `files` of `size` MiB for each container. */
  | { driver: "json-file"; size: number; files: number }
  /** The stack's own collector, at this port on 127.0.0.1 of the Docker host; it takes fluentd's protocol. */
  | { driver: "loki"; port: number }
  /** A syslog server, which the Docker host reaches: `udp://host:514`, `tcp://…` or `tcp+tls://…`. */
  | { driver: "syslog"; address: string; facility: string }
  /** A receiver of the fluentd forward protocol, which the Docker host reaches: `host:24224`. */
  | { driver: "fluentd"; address: string };

/** What of the platform decides where lines go. */
interface Logging {
  prefix: string;
  logs: LogSettings;
}

type Logged = Pick<docker.ContainerArgs, "logDriver" | "logOpts">;

/** Labels of a container that the engine writes beside each of its lines, where the driver has a place for them: syslog has none. */
const written = [labels.stack, labels.app, labels.role].join(",");

/** Lines of one container that wait in the engine's memory for a fluentd that is away. Docker's default is 1,048,576, of up to 16 KiB each. */
const fluentdLines = 4096;

/**
 * What is the same for both remote drivers: a line that can't be sent waits in 4 MiB of the engine's memory and is
 * dropped when that is full, so that a container never waits for the store; and a copy of the newest lines, at most
 * 30 MB a container, stays on the host for `docker logs`.
 */
const remote = {
  mode: "non-blocking",
  "max-buffer-size": "4m",
  "cache-max-size": "10m",
  "cache-max-file": "3",
};

/**
 * The log settings of one container.
 *
 * @param role What the container is, as in its labels.
 * @param app The application that it belongs to.
 * @example
 * new docker.Container("web", { image, ...hardened({ memory: 128 }), ...logged(platform, "web", "root") });
 */
export function logged({ prefix, logs }: Logging, role: string, app?: string): Logged {
  const tag = [prefix, app, role].filter((part) => part !== undefined).join(".");
  if (logs.driver === "json-file") {
    // Docker's m is 1,000,000: a little less than the setting allows.
    return { logDriver: "json-file", logOpts: { "max-size": `${logs.size}m`, "max-file": String(logs.files), labels: written } };
  }
  if (logs.driver === "syslog") return { logDriver: "syslog", logOpts: { ...remote, ...syslogOptions(logs, tag) } };
  const address = logs.driver === "loki" ? `127.0.0.1:${logs.port}` : logs.address;
  return { logDriver: "fluentd", logOpts: { ...remote, ...fluentdOptions(address, tag) } };
}

/** The log settings of a part that the lines of all others go through: files on the Docker host, whatever the setting. */
export function locallyLogged({ prefix }: Pick<Logging, "prefix">, role: string): Logged {
  return logged({ prefix, logs: { driver: "json-file", size: 10, files: 3 } }, role);
}

/** Whether what a container prints can neither fill the host's disk nor hold the container up. */
export function isBounded({ logDriver, logOpts }: { logDriver?: string; logOpts: Record<string, string> }): boolean {
  if (logDriver === "json-file" || logDriver === "local") return logOpts["max-size"] !== undefined && logOpts["max-file"] !== undefined;
  return logDriver !== undefined && (logDriver === "none" || logOpts["mode"] === remote.mode);
}

function syslogOptions({ address, facility }: Extract<LogSettings, { driver: "syslog" }>, tag: string): Record<string, string> {
  return {
    "syslog-address": address,
    "syslog-facility": facility,
    // The only one of Docker's formats with both the year and parts of a second.
    "syslog-format": "rfc5424micro",
    tag: syslogTag(tag),
  };
}

function fluentdOptions(address: string, tag: string): Record<string, string> {
  return {
    "fluentd-address": address,
    // Without it no container starts while fluentd is away.
    "fluentd-async": "true",
    "fluentd-buffer-limit": String(fluentdLines),
    "fluentd-sub-second-precision": "true",
    labels: written,
    tag,
  };
}

/**
 * At most 32 characters: Docker writes the tag as APP-NAME and as MSGID, and RFC 5424 ends that there. A longer one is
 * cut, with four digits of its hash, so that two of them stay two.
 */
export function syslogTag(tag: string): string {
  if (tag.length <= 32) return tag;
  return `${tag.slice(0, 27)}~${createHash("sha256").update(tag).digest("hex").slice(0, 4)}`;
}
