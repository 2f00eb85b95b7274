import type { WebServer } from "../../components/index.ts";
import type { HealthFacts } from "./image-config.ts";

export interface HealthRead {
  /** Path and port of the request that the check makes, where one can be read in it. */
  path?: string;
  port?: number;
}

// Protocol and host may be missing: `nc -z localhost 3000`, `curl :3000/health`; a program may put the port together itself.
const request = /(?:(https?):\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|\$\{?HOST(?:NAME)?\}?)(?:[:\s]+(\d{1,5})\b)?(\/[\w\-./%~]*)?/i;

/** The request in a health check; variables of the image are put in first. */
export function requestIn(command: readonly string[], env: Record<string, string>): HealthRead {
  const text = command.join(" ").replaceAll(/\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g, (whole, braced?: string, otherwise?: string, plain?: string) => env[braced ?? plain ?? ""] || (otherwise ?? whole));
  const [, scheme, port, path] = request.exec(text) ?? [];
  return {
    ...(path !== undefined && { path }),
    ...(port !== undefined && Number(port) <= 65_535 ? { port: Number(port) } : scheme !== undefined && { port: scheme.toLowerCase() === "https" ? 443 : 80 }),
  };
}

/** What Docker takes where an image says nothing, in seconds. */
const docker = { interval: 30, retries: 3 };
/** What Berth takes, in seconds: `health.wait` and `health.timeout`. */
const berth = { wait: 60, timeout: 5 };

/** `web.health` of an image's health check; by a request to `/` where it has none. */
export function healthOf(health: HealthFacts | undefined, read: HealthRead, port: number): WebServer["health"] {
  const { command, interval, retries, startPeriod, timeout } = health ?? {};
  const said = interval !== undefined || retries !== undefined || startPeriod !== undefined;
  // As Docker counts: failures in the start period are none, and then it may fail so often.
  const wait = said ? (startPeriod ?? 0) + (retries ?? docker.retries) * (interval ?? docker.interval) : 0;
  return {
    path: read.path !== undefined && (read.port === undefined || read.port === port) ? read.path : "/",
    ...(command !== undefined && { command }),
    ...(wait > berth.wait && { wait }),
    ...(timeout !== undefined && timeout > berth.timeout && { timeout }),
  };
}
