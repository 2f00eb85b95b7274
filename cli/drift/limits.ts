import type { HostConfig } from "dockerode";
import type { Limits } from "./wanted.ts";

const MIB = 1024 * 1024;

/** What `docker update` can change, where it differs from what is wanted; and bounds that the program never gives. */
export function changedLimits(wanted: Limits, host: HostConfig): { changed: Record<string, unknown>; bounds: string[] } {
  const found: Record<keyof Limits, unknown> = {
    memory: mib(host.Memory),
    memorySwap: mib(host.MemorySwap),
    cpus: (host.CpuQuota ?? 0) > 0 ? cores((host.CpuQuota ?? 0) / (host.CpuPeriod || 100_000)) : cores((host.NanoCpus ?? 0) / 1e9),
    cpuShares: host.CpuShares ?? 0,
    cpuSet: host.CpusetCpus ?? "",
    restart: host.RestartPolicy?.Name || "no",
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
  };
  const keys = Object.keys(wanted) as (keyof Limits)[];
  const changed = Object.fromEntries(keys.filter((key) => !same(key, wanted[key], found[key])).map((key) => [key, found[key]]));
  const bounds = [
    ...((host.PidsLimit ?? 0) > 0 ? [`at most ${host.PidsLimit} processes`] : []),
    ...((host.BlkioWeight ?? 0) > 0 ? [`disk weight ${host.BlkioWeight}`] : []),
    ...((host.MemoryReservation ?? 0) > 0 ? [`memory reservation ${mib(host.MemoryReservation)} MiB`] : []),
    ...(wanted.cpuSet === undefined && host.CpusetCpus ? [`on processors ${host.CpusetCpus}`] : []),
    ...(wanted.cpuShares === undefined && (host.CpuShares ?? 0) > 0 ? [`processor shares ${host.CpuShares}`] : []),
  ];
  return { changed, bounds };
}

const units: Record<string, string> = { memory: " MiB", memorySwap: " MiB with swap", cpus: " cores" };
const labels: Record<string, string> = { memory: "memory ", memorySwap: "", restart: "restart ", maxRetryCount: "restarts at most ", cpuShares: "processor shares ", cpuSet: "processors " };

/** `memory 100 MiB, restart no`. */
export function limitsText(limits: Record<string, unknown>): string {
  return Object.entries(limits)
    .map(([key, value]) => `${labels[key] ?? ""}${String(value)}${units[key] ?? ""}`)
    .join(", ");
}

/** The request of `docker update` that sets a container back to its limits. */
export function updateRequest({ memory, memorySwap, cpus, cpuShares, cpuSet, restart, maxRetryCount }: Limits): HostConfig {
  return {
    ...(memory !== undefined && { Memory: memory * MIB }),
    ...(memorySwap !== undefined && { MemorySwap: memorySwap > 0 ? memorySwap * MIB : memorySwap }),
    ...(cpus !== undefined && { NanoCpus: Math.round(Number(cpus) * 1e9) }),
    ...(cpuShares !== undefined && { CpuShares: cpuShares }),
    ...(cpuSet !== undefined && { CpusetCpus: cpuSet }),
    ...(restart !== undefined && { RestartPolicy: { Name: restart, MaximumRetryCount: maxRetryCount ?? 0 } }),
  };
}

function same(key: keyof Limits, wanted: unknown, found: unknown): boolean {
  return key === "cpus" ? Math.abs(Number(wanted) - Number(found)) < 1e-6 : wanted === found;
}

/** Zero and -1 have meanings of their own. */
function mib(bytes = 0): number {
  return bytes > 0 ? Math.floor(bytes / MIB) : bytes;
}

function cores(count: number): string {
  return String(Number(count.toFixed(3)));
}
