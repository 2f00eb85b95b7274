import type * as docker from "@pulumi/docker";

/** How long a long-running container may take to become healthy, and to stop. */
export interface Patience {
  /** Seconds in which a new container must be healthy. @default 60 */
  healthWait?: number;
  /** Seconds that one check may take. @default 5 */
  healthTimeout?: number;
  /** Seconds from the stop signal to SIGKILL. @default 30 */
  stopGrace?: number;
}

type HealthGated = Pick<
  docker.ContainerArgs,
  "healthcheck" | "wait" | "waitTimeout" | "restart" | "stopTimeout" | "destroyGraceSeconds"
>;

/**
 * The settings of a container that serves until it is told to stop, and counts as there once it is healthy.
 *
 * Each check is a process in the container: at a 2 s interval fifty containers fill two cores. So it is checked each
 * 500 ms while it starts, and then each 30 s; Traefik's own check takes a server out sooner. The provider stops a
 * container with `destroyGraceSeconds`, the engine with `stopTimeout`.
 *
 * @param tests Docker's form: `["CMD", program, …]` or `["CMD-SHELL", script]`; exit code 0 is healthy.
 * @example
 * new docker.Container("redis", { image, ...healthGated(["CMD-SHELL", "redis-cli ping | grep -q PONG"]) });
 */
export function healthGated(tests: string[], { healthWait = 60, healthTimeout = 5, stopGrace = 30 }: Patience = {}): HealthGated {
  return {
    healthcheck: {
      tests,
      interval: "30s",
      timeout: seconds(healthTimeout),
      startPeriod: seconds(healthWait),
      startInterval: "500ms",
      retries: 3,
    },
    wait: true,
    waitTimeout: healthWait,
    restart: "unless-stopped",
    stopTimeout: stopGrace,
    destroyGraceSeconds: stopGrace,
  };
}

/** A duration as the provider keeps it, so that a preview shows no change: `30s`, `1m30s`, `1h0m0s`. */
export function seconds(total: number): string {
  if (total < 60) return `${total}s`;
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  return `${hours > 0 ? `${hours}h` : ""}${minutes}m${total % 60}s`;
}
