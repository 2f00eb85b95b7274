import type { ContainerInputs } from "./container-inputs.ts";
import { unknown } from "./rule.ts";


/** The inputs of a service of Docker Swarm that the rules look at. */
interface ServiceInputs {
  labels?: { label: string; value: string }[];
  endpointSpec?: { ports?: { targetPort: number; publishedPort?: number }[] };
  taskSpec?: {
    containerSpec?: {
      image?: string;
      commands?: string[];
      args?: string[];
      env?: Record<string, string>;
      user?: string;
      readOnly?: boolean;
      capDrops?: string[];
      capAdds?: string[];
      mounts?: { type: string; source?: string; target?: string }[];
      healthcheck?: { tests?: string[] };
    };
    resources?: { limits?: { nanoCpus?: number; memoryBytes?: number } };
    restartPolicy?: { condition?: string };
    networksAdvanceds?: unknown[];
    logDriver?: { name?: string; options?: Record<string, string> };
  };
}

/** A service's replicas as the containers that they are. What no service can say by this provider is unknown. */
export function replicaOf(inputs: Record<string, unknown>): Record<string, unknown> {
  const { labels, endpointSpec = {}, taskSpec = {} } = inputs as ServiceInputs;
  const { containerSpec = {}, resources: { limits = {} } = {}, restartPolicy = {}, networksAdvanceds = [], logDriver } = taskSpec;
  const { image, commands, args, env = {}, user, readOnly, capDrops = [], capAdds = [], mounts = [], healthcheck } = containerSpec;
  const replica: ContainerInputs = {
    image,
    entrypoints: commands,
    command: args,
    envs: Object.entries(env).map((pair) => pair.join("=")),
    user,
    readOnly,
    labels,
    mounts,
    healthcheck,
    capabilities: { drops: capDrops, adds: capAdds },
    memory: limits.memoryBytes,
    cpus: limits.nanoCpus === undefined ? undefined : String(limits.nanoCpus / 1e9),
    restart: restartPolicy.condition === "none" ? "no" : "always",
    networksAdvanced: networksAdvanceds.map(() => ({ name: "" })),
    ports: (endpointSpec.ports ?? []).map(({ targetPort, publishedPort }) => ({ internal: targetPort, external: publishedPort })),
    logDriver: logDriver?.name,
    logOpts: logDriver?.options,
  };
  return { ...replica, securityOpts: unknown, memorySwap: unknown, ulimits: unknown };
}
