import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/** Upper bounds of one container. */
export interface Limits {
  /** Memory in MiB; swap is never added to it. */
  memory: number;
  /** Processor cores, for example 0.5. @default 0.5 */
  cpus?: number;
  /** Processes and threads of the container's user id. @default 512 */
  processes?: number;
}

/** What every container may write to, in memory: path to size in MiB. */
export const defaultTmpfs: Readonly<Record<string, number>> = { "/tmp": 64 };

/** What a container may do beyond the hardened default; each field loosens one thing. */
export interface Loosening {
  /** Linux capabilities added back, by name, for example `CHOWN`. @default none */
  capabilities?: string[];
  /** Leave the root file system writable. @default false */
  writableRoot?: boolean;
  /** Directories in memory, path to size in MiB. @default {@link defaultTmpfs} */
  tmpfs?: Record<string, number>;
  /** User and group id that these directories belong to. @default root, and everybody may write where the image has no such directory */
  tmpfsOwner?: number;
}

type Hardened = Pick<
  docker.ContainerArgs,
  | "readOnly"
  | "tmpfs"
  | "capabilities"
  | "securityOpts"
  | "memory"
  | "memorySwap"
  | "cpus"
  | "ulimits"
>;

/** What is the same for every container; the policy asks for the same. */
export const everywhere = { drops: ["ALL"], securityOpts: ["no-new-privileges:true"] };

/** A capability as Docker's API has it: `CHOWN` is `CAP_CHOWN`. */
export function capabilityOf(name: string): string {
  return `CAP_${name}`;
}

/**
 * The container settings that every part of a stack runs with (CIS Docker Benchmark, section 5).
 *
 * The provider has no PID limit. RLIMIT_NPROC bounds the processes instead: the kernel counts them
 * per user id on the whole host, so replicas of one application share the bound, and each
 * application has a user id of its own (see {@link userIdOf}). It binds only without CAP_SYS_ADMIN
 * and CAP_SYS_RESOURCE, which are dropped here.
 *
 * @example
 * new docker.Container("web", { image, user: "10321", ...hardened({ memory: 128 }) });
 */
export function hardened(limits: Limits, loosening: Loosening = {}): Hardened {
  const processes = limits.processes ?? 512;
  // A directory of the image keeps its mode with older runc, so the owner must be able to write; Debian's /run is 0755.
  const owner = loosening.tmpfsOwner === undefined ? "" : `,uid=${loosening.tmpfsOwner},gid=${loosening.tmpfsOwner}`;
  return {
    readOnly: !(loosening.writableRoot ?? false),
    tmpfs: Object.fromEntries(
      Object.entries(loosening.tmpfs ?? defaultTmpfs).map(([path, size]) => [
        path,
        `rw,noexec,nosuid,nodev,size=${size}m,mode=1777${owner}`,
      ]),
    ),
    capabilities: { drops: everywhere.drops, adds: (loosening.capabilities ?? []).map(capabilityOf) },
    securityOpts: everywhere.securityOpts,
    memory: limits.memory,
    memorySwap: limits.memory,
    cpus: cpusText(limits.cpus ?? 0.5),
    ulimits: [
      { name: "nproc", soft: processes, hard: processes },
      { name: "nofile", soft: 16_384, hard: 16_384 },
    ],
  };
}

/**
 * Options of every container resource.
 *
 * `replaceOnChanges` names what the provider accepts and never applies to a running container, and
 * the failed health gate (`#initerror`), which the next `up` would otherwise take for a success.
 *
 * @param createFirst The old container serves until the new one is healthy. Not for containers that
 *   publish a port or own data: two of these can't run side by side.
 */
export function containerOptions(
  parent: pulumi.Resource,
  createFirst: boolean,
  more: pulumi.CustomResourceOptions = {},
): pulumi.CustomResourceOptions {
  return {
    parent,
    deleteBeforeReplace: !createFirst,
    replaceOnChanges: ["healthcheck", "mounts", "tmpfs", "#initerror"],
    ...more,
  };
}

/** Cores as the provider keeps them, so that a preview shows no change: `1.0`, `0.5`. */
export function cpusText(cpus: number): string {
  return Number.isInteger(cpus) ? cpus.toFixed(1) : String(cpus);
}

/** A user id from 10000 to 59999 for an application, the same on every host and in every stack. */
export function userIdOf(name: string): number {
  let hash = 2_166_136_261;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619) >>> 0;
  return 10_000 + (hash % 50_000);
}
