import type { AppDefinition } from "./definition.ts";
import { secretsDirectory } from "./needs.ts";
import type { Platform } from "../docker/platform.ts";
import { busybox, shell } from "../docker/tools.ts";

/** Whether a definition needs {@link Tools} in its containers. */
export function wantsTools({ web, schedules, unprepared }: AppDefinition): boolean {
  return (web !== undefined && web.health.command === undefined) || Object.keys(schedules ?? {}).length > 0 || unprepared?.plainSecrets === true;
}

/** Whether web server and worker of an application are services: they mount nothing of the Docker host, which other nodes lack. */
export function inSwarm({ runtime }: Pick<Platform, "runtime">, definition: AppDefinition, live = false): boolean {
  return runtime === "swarm" && !live && definition.volumes === undefined && !wantsTools(definition);
}

/** A command whose environment has the secrets' values, for an image that reads no files. */
export function withSecrets({ unprepared }: AppDefinition, command: string[]): string[] {
  if (unprepared?.plainSecrets !== true) return command;
  const script = `for file in ${secretsDirectory}/*; do export "\${file##*/}=$(cat "$file")"; done; exec "$@"`;
  return [shell, "-ec", script, "sh", ...command];
}

/** What a container is asked as: a request that comes through its route. */
export interface Asked {
  port: number;
  path: string;
  /** Host name of the route. */
  host: string;
  /** The route answers by HTTPS. */
  secure: boolean;
}

/**
 * A health check by Berth's own wget, which asks as a request through the route would: frameworks refuse a host that they
 * do not know, and redirect what is not HTTPS. Any 2xx or 3xx is well, as for Traefik; where a redirect leads does not count.
 */
export function requestTo({ port, path, host, secure }: Asked): string[] {
  const headers = [`Host: ${host}`, `X-Forwarded-Proto: ${secure ? "https" : "http"}`];
  return [shell, "-c", request, "sh", ...headers, `http://127.0.0.1:${port}${path}`];
}

const request = `said=$(${busybox} wget -S -T 4 -O /dev/null --header "$1" --header "$2" "$3" 2>&1)
case \${said#*HTTP/1.? } in [23][0-9][0-9]*) ;; *) echo "$said"; exit 1 ;; esac`;
