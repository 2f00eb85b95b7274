import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Files } from "./files.ts";
import { containerOptions, hardened, type Limits, type Loosening } from "./hardening.ts";
import { healthGated, type Patience } from "./health.ts";
import { logged } from "./logging.ts";
import { labelsOf, type Platform } from "./platform.ts";
import { Rollout } from "./rollout.ts";
import { patienceOf, serviceOf, settled } from "./service.ts";

export interface WorkloadArgs extends Limits, Patience {
  platform: Platform;
  /** The application, for labels. */
  app: string;
  /** What the containers are to the application, for labels: `web`, `worker`. @default "web" */
  role?: string;
  /** `repository:tag@digest` or an image id. */
  image: pulumi.Input<string>;
  /** @default the image's own */
  entrypoint?: string[];
  command?: string[];
  /** Environment; never a secret, use {@link Files}. @default none */
  env?: Record<string, pulumi.Input<string>>;
  /** `uid:gid`. */
  user: string;
  /** Directory that the command starts in. @default the image's own */
  workingDir?: string;
  /** Containers that run at the same time, 1 or more. @default 1 */
  replicas?: number;
  /** Command that exits 0 while the container may serve. */
  health: string[];
  /** Files that it reads, and the directories that they are in. @default none */
  files?: { files: Files; target: string }[];
  /** Volumes of the Docker host, and folders. @default none */
  mounts?: docker.types.input.ContainerMount[];
  /** Networks by name, with the names that the containers share there; a service needs the ids. */
  networks: { name: pulumi.Input<string>; id?: pulumi.Input<string>; aliases?: string[] }[];
  /** Gives the nodes of a swarm the login of the image's registry. @default that of the component */
  pullProvider?: docker.Provider;
  /** The old container is stopped before the new one starts, since two can't share its data. @default false */
  exclusive?: boolean;
  /** Restarts after a failure; then it stays down. @default without end */
  maxRestarts?: number;
  /** What it may do beyond the hardened default. @default nothing */
  loosening?: Loosening;
}

/**
 * Replicas of one container, health-gated and hardened.
 *
 * On a change all new replicas start at the same time beside the old ones, under names of their own;
 * one that does not become healthy stops the update with the old ones untouched. Where the platform's runtime is Swarm
 * they are a {@link serviceOf service}, updated one by one, unless they mount something of the Docker host.
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
    const { settings, revision } = serviceOf(args);
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
