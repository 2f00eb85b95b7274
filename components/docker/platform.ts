import type * as pulumi from "@pulumi/pulumi";
import type { LogSettings } from "./logging.ts";
import { labels } from "./labels.ts";
import type { Sizes } from "./sizes.ts";

/** The parts whose images a stack needs; images.lock.json names the image of each. */
export const imageRoles = [
  "toolbox",
  "postgres",
  "gateway",
  "redis",
  "traefik",
  "prometheus",
  "nodeExporter",
  "postgresExporter",
  "redisExporter",
  "alertmanager",
  "grafana",
  "loki",
  "logCollector",
  "adminer",
  "maildev",
  "registry",
] as const;

export type ImageRole = (typeof imageRoles)[number];

/**
 * What every component is given: the facts that all parts of one stack share.
 *
 * Components know nothing of stacks or settings beyond this.
 */
export interface Platform {
  /** Start of every fixed name on the Docker host, for example `berth-dev`. */
  prefix: string;
  /** Labels of every container, network and volume. */
  labels: Record<string, string>;
  /** `repository@digest` of a part's image, pulled before anything is replaced; see {@link PlatformImages}. */
  image: (role: ImageRole) => pulumi.Input<string>;
  /** What runs the applications: containers of one Docker host, or services of a swarm. @default "docker" */
  runtime?: "docker" | "swarm";
  /** Where what the containers print goes. */
  logs: LogSettings;
  /** Memory in MiB and processor cores of parts that are to have others than usual; see {@link sizeOf}. @default none */
  sizes?: Sizes;
}

/** Labels of one part, in the shape that the Docker provider takes. */
export function labelsOf(platform: Platform, role: string, app?: string): { label: string; value: string }[] {
  const all: Record<string, string> = { ...platform.labels, [labels.role]: role };
  if (app !== undefined) all[labels.app] = app;
  return Object.entries(all)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([label, value]) => ({ label, value }));
}
