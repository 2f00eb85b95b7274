import "./stacktraces.ts";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { appMetrics } from "./components/app-metrics.ts";
import { Application } from "./components/application.ts";
import { DeveloperTools } from "./components/developer-tools.ts";
import { Monitoring } from "./components/monitoring.ts";
import { Networks } from "./components/networks.ts";
import type { Platform } from "./components/platform.ts";
import { PlatformImages } from "./components/platform-images.ts";
import { Postgres } from "./components/postgres.ts";
import { Redis } from "./components/redis.ts";
import { Registry } from "./components/registry.ts";
import { recordRelease, revisionsOf } from "./components/release.ts";
import { Routes } from "./components/routes.ts";
import { Tools } from "./components/tools.ts";
import { Traefik } from "./components/traefik.ts";
import { addressOf } from "./components/traefik-config.ts";
import { allConfiguration, loadConfig } from "./config.ts";
import { mebibytes } from "./settings.ts";

const config = await loadConfig();
const stack = pulumi.getStack();

const host = new docker.Provider("host", { host: config.docker });
const on = { provider: host };

const images = new PlatformImages("images", { references: config.images }, on);
const platform: Platform = {
  prefix: `berth-${stack}`,
  labels: { "berth.stack": stack },
  images: images.references,
  runtime: config.runtime,
  logs: config.logs.driver === "json-file" ? { ...config.logs, size: mebibytes(config.logs.size) } : config.logs,
};

if (config.logs.driver === "syslog" && !config.logs.address.startsWith("udp:")) {
  void pulumi.log.warn(`berth:logs.address is ${config.logs.address}: while that server is away no container starts, not even again after a crash. udp:// and the driver fluentd have no such need (docs/logs.md).`);
}

const networks = new Networks(
  "networks",
  {
    platform,
    apps: config.apps.map((app) => app.name),
    egress: config.apps.some((app) => app.definition.egress) || config.monitoring.alerts !== undefined,
    edgeSubnet: config.networks.edge,
    monitoringSubnet: config.networks.monitoring,
  },
  on,
);

const registry =
  "port" in config.registry
    ? new Registry("registry", { platform, port: config.registry.port }, on).login
    : {
        prefix: `${config.registry.host}/${config.registry.owner}`,
        address: config.registry.host,
        username: config.registry.username,
        password: config.registryPassword ?? "",
        cache: config.registry.cache,
      };
const { address, username, password } = registry;
// A provider of its own: in the first preview the login is not known yet, and the others must be shown in full.
const pullProvider = new docker.Provider("pull", { host: config.docker, registryAuth: [{ address, username, password }] });

const tools = new Tools("tools", { platform, registry, pullProvider, image: config.ownImages.tools }, on);

const dataNetworks = (wants: (app: (typeof config.apps)[number]) => boolean | undefined) => [
  ...config.apps.filter(wants).map((app) => networks.app(app.name)),
  networks.monitoring,
];

const postgres = new Postgres(
  "postgres",
  {
    platform,
    networks: dataNetworks((app) => app.definition.database),
    memory: mebibytes(config.postgres.memory),
    cpus: config.postgres.cpus,
    connections: config.postgres.connections,
    backup: config.postgres.backup && {
      ...config.postgres.backup,
      registry,
      pullProvider,
      baseImage: config.images.postgres,
      image: config.ownImages.postgresBackup,
      key: config.backupKey,
      s3Keys: config.s3Key !== undefined && config.s3Secret !== undefined ? { key: config.s3Key, secret: config.s3Secret } : undefined,
      tools,
      network: networks.monitoring,
    },
  },
  on,
);

const redis = new Redis(
  "redis",
  {
    platform,
    networks: dataNetworks((app) => app.definition.cache),
    users: config.apps.filter((app) => app.definition.cache).map((app) => app.name),
    memory: mebibytes(config.redis.memory),
    policy: config.redis.policy,
  },
  on,
);

const traefik = new Traefik(
  "traefik",
  {
    platform,
    publicNetwork: networks.public,
    edgeNetwork: networks.edge,
    monitoringNetwork: networks.monitoring,
    publish: config.publish,
    tls: config.tls,
  },
  on,
);

const url = addressOf(config.publish);

const monitoring = new Monitoring(
  "monitoring",
  {
    platform,
    network: networks.monitoring,
    postgres,
    redis,
    retention: config.monitoring.retention,
    ...appMetrics(config.apps, (name) => networks.app(name)),
    alerts: config.monitoring.alerts && {
      ...config.monitoring.alerts,
      network: networks.egress ?? networks.edge,
      webhookUrl: config.alertWebhook,
      mailPassword: config.mailPassword,
    },
    logs: config.logs.driver === "loki" ? { ...config.logs, tools } : undefined,
    grafana: config.monitoring.grafana && { host: config.monitoring.grafana.host, url: url(config.monitoring.grafana.host) },
  },
  on,
);

const apps = config.apps.map(
  (app) =>
    new Application(
      app.name,
      {
        ...app,
        platform,
        registry,
        pullProvider,
        postgres,
        redis,
        tools,
        networks: networks.of(app.name),
        memory: mebibytes(app.memory),
      },
      on,
    ),
);

const developer = new DeveloperTools(
  "developer",
  {
    platform,
    edgeNetwork: networks.edge,
    dataNetworks: config.apps.filter((app) => app.definition.database).map((app) => networks.app(app.name)),
    appNetworks: config.apps.map((app) => networks.app(app.name)),
    ...config.developer,
  },
  on,
);

new Routes(
  "routes",
  {
    platform,
    traefik,
    routes: [...apps.flatMap((app) => app.routes), ...developer.routes, ...monitoring.routes(config.monitoring.host)],
    monitoringSubnet: networks.monitoringSubnet,
  },
  on,
);

/** Address of each application, and of Prometheus where the stack publishes it. */
export const urls = {
  ...Object.fromEntries(config.apps.filter((app) => app.definition.web).map((app) => [app.name, url(app.host)])),
  ...(config.monitoring.host !== undefined && { prometheus: url(config.monitoring.host) }),
  ...(config.monitoring.grafana !== undefined && { grafana: url(config.monitoring.grafana.host) }),
  ...Object.fromEntries(Object.entries(config.developer).map(([name, host]) => [name, url(host)])),
};

/** Image of each application, `repository:tag@digest`. */
export const imageDigests = Object.fromEntries(config.apps.map((app, index) => [app.name, apps[index]?.image]));

/** Those images of Berth's own that the stack uses, likewise. */
export const ownImages = {
  ...(tools.image !== undefined && { tools: tools.image }),
  ...(postgres.backupImage !== undefined && { postgresBackup: postgres.backupImage }),
};

/** What to type to reach a part that publishes nothing. */
export const reach = {
  postgres: pulumi.interpolate`docker exec -it -u 999 ${postgres.containerName} psql -h /var/run/postgresql -U postgres`,
  redis: pulumi.interpolate`docker exec -it ${redis.containerName} sh -c 'REDISCLI_AUTH=$(cat /run/secrets/admin-password) redis-cli --user admin'`,
  prometheus: monitoring.prometheus.query("up"),
  ...(monitoring.alertmanager !== undefined && { alertmanager: monitoring.alertmanager.list() }),
};

/** Password of Prometheus's user `berth`. */
export const prometheusPassword = monitoring.prometheus.password;

/** What was applied, by whom, when and from where: {@link recordRelease}. */
export const releases = recordRelease({
  images: Object.fromEntries(apps.map(({ image }, index) => [config.apps[index]?.name ?? "", image])),
  revisions: () => revisionsOf(config.apps),
  ...allConfiguration(),
});
