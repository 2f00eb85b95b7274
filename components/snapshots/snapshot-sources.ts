import type * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "../app/definition.ts";
import { volumeOf } from "../app/needs.ts";
import type { Platform } from "../docker/platform.ts";
import { redisSource } from "./snapshot-config.ts";

/** What {@link snapshotSources} reads of an application. */
interface Known {
  name: string;
  definition: Pick<AppDefinition, "cache" | "volumes">;
}

/**
 * What of a stack snapshots are made of: Redis where an application keeps something there, and each application's
 * volumes. Source to the name of its volume on the Docker host, in the order of the applications.
 *
 * @example
 * snapshotSources(platform, [{ name: "shop", definition: { cache: true, volumes: { data: "/data" } } }]);
 * // { redis: "berth-dev-redis-data", "shop/data": "berth-dev-shop-volume-data" }
 */
export function snapshotSources({ prefix }: Pick<Platform, "prefix">, apps: readonly Known[]): Record<string, pulumi.Input<string>> {
  const cached = apps.some(({ definition }) => definition.cache === true);
  const volumes = apps.flatMap(({ name, definition }) => Object.keys(definition.volumes ?? {}).map((volume) => [`${name}/${volume}`, `${prefix}-${volumeOf(name, volume)}`]));
  return { ...(cached && { [redisSource]: `${prefix}-redis-data` }), ...Object.fromEntries(volumes) };
}

/** What {@link snapshotVolumes} reads of an application that an update makes. */
interface Made {
  name: string;
  volumes: Record<string, pulumi.Output<string>>;
}

/**
 * The same sources, each with the volume that is mounted once the update has made it. An application that the update leaves
 * alone has its volumes.
 */
export function snapshotVolumes(sources: Record<string, pulumi.Input<string>>, redis: { data: pulumi.Output<string> }, apps: readonly Made[]): Record<string, pulumi.Input<string>> {
  const made = apps.flatMap(({ name, volumes }) => Object.entries(volumes).map(([volume, host]) => [`${name}/${volume}`, host]));
  return { ...sources, ...(redisSource in sources && { [redisSource]: redis.data }), ...Object.fromEntries(made) };
}
