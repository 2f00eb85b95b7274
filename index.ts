import "./pulumi/stacktraces.ts";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  addressesOf,
  addressOf,
  type AppDefinition,
  Application,
  appMetrics,
  DeveloperTools,
  Monitoring,
  Networks,
  plainly,
  type Platform,
  PlatformImages,
  Postgres,
  recordRelease,
  Redis,
  registryOf,
  Routes,
  Snapshots,
  snapshotSources,
  snapshotVolumes,
  Tools,
  Traefik,
  withOthers,
} from "./components/index.ts";
import { hostNames } from "./config/host-names.ts";
import { loadConfig } from "./config/load.ts";
import { releaseFacts } from "./config/release.ts";

const config = await loadConfig();
const stack = pulumi.getStack();
/** Names of the applications that say so. */
const appsWith = (need: (definition: AppDefinition) => unknown) => config.known.filter(({ definition }) => need(definition)).map(({ name }) => name);
const withDatabase = appsWith(({ database }) => database);
const withCache = appsWith(({ cache }) => cache);

const host = new docker.Provider("host", { host: config.docker });
const on = { provider: host };

const images = new PlatformImages("images", { references: config.images }, on);
const platform: Platform = {
  prefix: `berth-${stack}`,
  labels: { "berth.stack": stack },
  image: (role) => images.pull(role),
  runtime: config.runtime,
  logs: config.logs,
  sizes: config.sizes,
};

const networks = new Networks(
  "networks",
  {
    platform,
    named: plainly,
    apps: config.known.map((app) => app.name),
    egress: appsWith(({ egress }) => egress).length > 0 || config.monitoring.alerts !== undefined,
    edgeSubnet: config.networks.edge,
    monitoringSubnet: config.networks.monitoring,
  },
  on,
);

const registry = registryOf("registry", { platform, ...config.registry }, on);
const { address, username, password } = registry;
// A provider of its own: in the first preview the login is not known yet, and the others must be shown in full.
const pullProvider = new docker.Provider("pull", { host: config.docker, registryAuth: [{ address, username, password }] });

const tools = new Tools("tools", { platform, registry, pullProvider, source: config.tools }, on);

const sources = snapshotSources(platform, config.known);
const snapshots =
  config.snapshots && Object.keys(sources).length > 0
    ? new Snapshots("snapshots", { ...config.snapshots, platform, registry, pullProvider, tools, sources: Object.keys(sources), network: networks.monitoring }, on)
    : undefined;

// On a new host the update stops where the log of another database is found: what restores the rest is there by then.
const after = snapshots && [snapshots.ready];
const backup = config.postgres.backup && { ...config.postgres.backup, registry, pullProvider, tools, after, network: networks.monitoring, networkName: "backup" };
const postgres = new Postgres("postgres", { ...config.postgres, platform, network: networks.data, backup }, on);

const redis = new Redis("redis", { ...config.redis, platform, networks: networks.sharedBy(withCache), users: withCache, allKeys: appsWith(({ unprepared }) => unprepared?.allKeys) }, on);

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

const { alerts, grafana } = config.monitoring;
const web = config.known.filter(({ definition }) => definition.web);
/** Host name of each web application, and of the parts that the stack publishes. */
const hosts = {
  ...Object.fromEntries(web.map((app) => [app.name, app.host])),
  prometheus: config.monitoring.host,
  grafana: grafana?.host,
  ...config.developer,
};
/** Each has a certificate. */
const certificateNames = [...new Set([...Object.values(hosts).filter((name) => name !== undefined), ...web.flatMap((app) => hostNames(app.name, app, config.domain).map(({ host }) => host))])];
const monitoring = new Monitoring(
  "monitoring",
  {
    ...config.monitoring,
    ...appMetrics(config.known, platform, (name) => networks.app(name)),
    platform,
    named: plainly,
    network: networks.monitoring,
    postgres,
    redis,
    metricFiles: snapshots?.metricFiles,
    httpsHosts: config.publish.https === undefined ? [] : certificateNames,
    alerts: alerts && { ...alerts, network: networks.egress ?? networks.edge },
    logs: config.logs.driver === "loki" ? { ...config.logs, tools } : undefined,
    grafana: grafana && { ...grafana, url: addressOf(config.publish)(grafana.host) },
  },
  on,
);

const parts = { platform, registry, pullProvider, postgres, redis, tools, secure: traefik.scheme === "https" };
const apps = config.apps.map((app) => new Application(app.name, { ...app, ...parts, networks: networks.of(app.name) }, on));

snapshots?.schedule(snapshotVolumes(sources, redis, apps));

const developer = new DeveloperTools(
  "developer",
  {
    ...config.developer,
    platform,
    named: plainly,
    edgeNetwork: networks.edge,
    postgres: withDatabase.length > 0 ? postgres : undefined,
    appNetworks: config.known.map(({ name }) => networks.app(name)),
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
    complete: config.others === undefined,
  },
  on,
);

/** Address of each web application, and of the parts that the stack publishes. */
export const urls = withOthers("urls", config.others, addressesOf(config.publish, hosts));

/** Image of each application, `repository:tag@digest`. */
const built = Object.fromEntries(apps.map(({ name, image }) => [name, image]));
export const imageDigests = withOthers("imageDigests", config.others, built);

/** Those images of Berth's own that the stack uses, likewise. */
export const ownImages = {
  ...(tools.image !== undefined && { tools: tools.image }),
  ...(postgres.backupImage !== undefined && { postgresBackup: postgres.backupImage }),
  ...(snapshots !== undefined && { snapshots: snapshots.image }),
};

/** What to type to reach a part that publishes nothing. */
export const reach = { postgres: postgres.session(), redis: redis.session(), ...monitoring.sessions() };

/** Password of Prometheus's user `berth`. */
export const prometheusPassword = monitoring.prometheus.password;

/** What was applied, by whom, when and from where: {@link recordRelease}. */
export const releases = recordRelease({ images: built, ...releaseFacts(config.apps), complete: config.others === undefined });
