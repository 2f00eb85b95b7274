import { busybox, shell } from "../docker/tools.ts";

/** When the health command of a worker last passed, in seconds since 1970. */
export const workerLastHealthy = "berth_worker_last_healthy_timestamp_seconds";
/** Where a container says so, in Prometheus's text format. */
export const workerFigures = { port: 9747, path: "/figures.txt" };
/** The name on its application's network of the containers of one kind. */
export const roleAlias = (app: string, role: string) => `${app}-${role}`;

/**
 * A health command that also leaves its success where Prometheus can read it.
 *
 * Docker alone knows how a health check ended, and tells it to nobody who has no Docker socket. So the check itself keeps a
 * small web server in the container, which has one file. A command that hangs writes nothing, and the file gets old. The
 * directory is in memory: it is gone with each start of the container.
 */
export function reportedHealth(health: string[]): string[] {
  return [shell, "-c", script, "health", ...health];
}

const script = [
  `b=${busybox} d=/tmp/.berth-health`,
  `$b mkdir -p $d`,
  `[ -e $d/started ] || $b date +%s > $d/started`,
  // Refused where it runs already.
  `$b httpd -p ${workerFigures.port} -h $d > /dev/null 2>&1 < /dev/null`,
  `"$@" || exit 1`,
  `echo "${workerLastHealthy} $($b date +%s)" > $d/new`,
  `echo "process_start_time_seconds $($b cat $d/started)" >> $d/new`,
  `$b mv $d/new $d${workerFigures.path}`,
].join("; ");
