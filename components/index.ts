/**
 * What is public of the components: an app.ts takes its types from here, a Pulumi program its parts.
 *
 * What is not named here may change in any version.
 */
export type { AppDefinition, Balancing, Live, MetricAlert, MetricPanel, Metrics, Schedule, SecretNeed, Unprepared, WebServer, Worker } from "./app/definition.ts";

export { Application, type ApplicationArgs } from "./app/application.ts";
export { appMetrics } from "./app/metrics.ts";
export { DeveloperTools, type DeveloperToolsArgs } from "./developer/developer-tools.ts";
export { below, type Naming, plainly } from "./docker/naming.ts";
export { Networks, type AppNetworks, type DataNetwork, type NetworkRef, type NetworksArgs } from "./docker/networks.ts";
export { PlatformImages, type PlatformImagesArgs } from "./docker/platform-images.ts";
export type { ImageRole, Platform } from "./docker/platform.ts";
export { Tools, type ToolsArgs } from "./docker/tools.ts";
export { Image, type ImageArgs, type ImageRegistry, type ImageSource } from "./image/image.ts";
export { Registry, type RegistryArgs, registryOf, type RemoteRegistry } from "./image/registry.ts";
export { Monitoring, type MonitoringArgs } from "./monitoring/monitoring.ts";
export { Gateway, type GatewayArgs } from "./postgres/gateway.ts";
export { Postgres, type PostgresArgs, type PostgresBackup } from "./postgres/postgres.ts";
export { Redis, type RedisArgs } from "./redis/redis.ts";
export { Snapshots, type SnapshotsArgs } from "./snapshots/snapshots.ts";
export { snapshotSources, snapshotVolumes } from "./snapshots/snapshot-sources.ts";
export { recordRelease, type ReleaseArgs } from "./release/release.ts";
export { withOthers } from "./release/last-outputs.ts";
export { Routes, type RoutesArgs } from "./traefik/routes.ts";
export type { Route } from "./traefik/route-config.ts";
export { addressesOf, addressOf } from "./traefik/traefik-config.ts";
export { Traefik, type TraefikArgs } from "./traefik/traefik.ts";
