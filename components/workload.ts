import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened, type Limits, type Loosening } from "./hardening.ts";
import { healthGated, type Patience } from "./health.ts";
import { logged } from "./logging.ts";
import { labelsOf, type Platform } from "./platform.ts";

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
  mounts?: docker.types.input.ContainerMount[];
  /** Networks by name, with the names that the containers share there. */
  networks: { name: pulumi.Input<string>; aliases?: string[] }[];
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
 * one that does not become healthy stops the update with the old ones untouched.
 *
 * @example
 * const web = new Workload("root-web", { platform, app: "root", image, user: "10001:10001", replicas: 2,
 *   health: ["root", "health"], memory: 128, networks: [{ name: networks.edge }, { name: networks.app("root") }] });
 */
export class Workload extends pulumi.ComponentResource {
  /** Names of the containers, known once all of them are healthy. */
  readonly containerNames: pulumi.Output<string[]>;

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Workload", name, {}, opts);
    const replicas = Array.from({ length: args.replicas ?? 1 }, (_, index) => this.replica(`${name}-${index}`, args));
    this.containerNames = pulumi.all(replicas.map((replica) => replica.name));
    this.registerOutputs({ containerNames: this.containerNames });
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
        mounts: args.mounts,
        networksAdvanced: args.networks,
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

/** `NAME=value`, sorted, so that the order in which settings are written makes no change. */
export function envList(env: Record<string, string>): string[] {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();
}
