import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf } from "../docker/platform.ts";
import { Rollout } from "./rollout.ts";
import { patienceOf, swarmService, settled } from "./swarm-service.ts";
import type { WorkloadArgs } from "./workload-args.ts";

/**
 * Replicas of one container, health-gated and hardened.
 *
 * On a change all new replicas start at the same time beside the old ones, under names of their own;
 * one that does not become healthy stops the update with the old ones untouched. Where the platform's runtime is Swarm
 * they are a {@link swarmService service}, updated one by one, unless they mount something of the Docker host.
 *
 * @example
 * const web = new Workload("root-web", { platform, app: "root", image, user: "10001:10001", replicas: 2,
 *   health: ["root", "health"], memory: 128, networks: [{ name: networks.edge }, { name: networks.app("root") }] });
 */
export class Workload extends pulumi.ComponentResource {
  /** Names in the networks' DNS, known once all replicas are healthy. */
  readonly servers: pulumi.Output<string[]>;
  /** One name leads to all replicas, and only to healthy ones. */
  readonly balanced: boolean;

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Workload", name, {}, opts);
    // Other nodes have neither the volumes nor the folders of the Docker host.
    this.balanced = args.platform.runtime === "swarm" && (args.mounts ?? []).length === 0;
    this.servers = this.balanced ? this.service(name, args) : this.containers(name, args);
    this.registerOutputs({ servers: this.servers });
  }

  private containers(name: string, args: WorkloadArgs): pulumi.Output<string[]> {
    const replicas = Array.from({ length: args.replicas ?? 1 }, (_, index) => this.replica(`${name}-${index}`, args));
    return pulumi.all(replicas.map((replica) => replica.name));
  }

  private service(name: string, args: WorkloadArgs): pulumi.Output<string[]> {
    const { platform, replicas = 1, networks, pullProvider } = args;
    const { settings, revision } = swarmService(args);
    // After a rollback the state has what Swarm has not: `#initerror` makes another service of it.
    const options = { parent: this, deleteBeforeReplace: false, replaceOnChanges: ["#initerror"], ...(pullProvider !== undefined && { provider: pullProvider }) };
    const service = new docker.Service(name, settings, options);
    const [network] = networks;
    if (network === undefined) throw new Error(`${name} is a service and needs a network`);
    const rollout = new Rollout(
      `${name}-rollout`,
      { platform, network: network.name, service: service.name, revision, replicas, steady: settled, patience: patienceOf(args) },
      { parent: this, dependsOn: service },
    );
    return pulumi.all([service.name, rollout.done]).apply(([serviceName]) => [`tasks.${serviceName}`]);
  }

  private replica(name: string, args: WorkloadArgs): docker.Container {
    return new docker.Container(
      name,
      {
        image: args.image,
        entrypoints: args.entrypoint,
        command: args.command,
        envs: pulumi.output(args.env ?? {}).apply(envList),
        user: args.user,
        workingDir: args.workingDir,
        mounts: args.files === undefined ? args.mounts : mountsOf(args),
        networksAdvanced: args.networks.map(named),
        labels: labelsOf(args.platform, args.role ?? "web", args.app),
        ...healthGated(["CMD", ...args.health], args),
        ...(args.maxRestarts === undefined ? {} : { restart: "on-failure", maxRetryCount: args.maxRestarts }),
        ...hardened(args, args.loosening),
        ...logged(args.platform, args.role ?? "web", args.app),
      },
      containerOptions(this, args.exclusive !== true),
    );
  }
}

function named({ name, aliases }: WorkloadArgs["networks"][number]): docker.types.input.ContainerNetworksAdvanced {
  return aliases === undefined ? { name } : { name, aliases };
}

/** Mounts of the Docker host, those of files first. */
export function mountsOf({ files = [], mounts = [] }: Pick<WorkloadArgs, "files" | "mounts">): docker.types.input.ContainerMount[] {
  return [...files.map((entry) => entry.files.mount(entry.target)), ...mounts];
}

/** `NAME=value`, sorted, so that the order in which settings are written makes no change. */
export function envList(env: Record<string, string>): string[] {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();
}
