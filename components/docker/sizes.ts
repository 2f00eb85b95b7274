import type { Limits } from "./hardening.ts";

/**
 * The platform's parts whose size a stack may change: memory in MiB, processors in cores, and the least memory in which one
 * runs at all.
 */
export const sizedParts = {
  traefik: { memory: 256, cpus: 1, least: 64 },
  registry: { memory: 128, cpus: 0.5, least: 32 },
  gateway: { memory: 32, cpus: 1, least: 16 },
  prometheus: { memory: 512, cpus: 0.5, least: 128 },
  alertmanager: { memory: 64, cpus: 0.5, least: 32 },
  grafana: { memory: 384, cpus: 1, least: 128 },
  loki: { memory: 512, cpus: 1, least: 128 },
  logCollector: { memory: 128, cpus: 0.5, least: 64 },
  nodeExporter: { memory: 64, cpus: 0.5, least: 24 },
  postgresExporter: { memory: 64, cpus: 0.5, least: 24 },
  redisExporter: { memory: 64, cpus: 0.5, least: 24 },
  adminer: { memory: 128, cpus: 0.5, least: 32 },
  maildev: { memory: 128, cpus: 0.5, least: 64 },
} as const;

export type SizedPart = keyof typeof sizedParts;

/** Sizes that are to be others than usual. */
export type Sizes = Partial<Record<SizedPart, Partial<Pick<Limits, "memory" | "cpus">>>>;

/** The limits of a part: those that the stack gives, or else the usual ones. */
export function sizeOf({ sizes = {} }: { sizes?: Sizes }, part: SizedPart): Limits {
  const { memory, cpus } = { ...sizedParts[part], ...sizes[part] };
  return { memory, cpus };
}
