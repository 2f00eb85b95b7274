import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Files } from "../docker/files.ts";
import type { Limits, Loosening } from "../docker/hardening.ts";
import type { Patience } from "../docker/health.ts";
import type { Platform } from "../docker/platform.ts";

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
