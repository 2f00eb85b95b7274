const sites = "Alerts and a dashboard of sites have left Berth for the application that checks them, so a stack without it reads its monitoring's configuration anew.";

const monitoring = Object.fromEntries(
  [
    "Prometheus$berth:index:Files$random:index/randomId:RandomId::prometheus-config-version",
    "Prometheus$berth:index:Files$docker:index/volume:Volume::prometheus-config-volume",
    "Prometheus$berth:index:Files$docker:index/container:Container::prometheus-config-filler",
    "Prometheus$docker:index/container:Container::prometheus",
    "Grafana$berth:index:Files$random:index/randomId:RandomId::grafana-dashboards-version",
    "Grafana$berth:index:Files$docker:index/volume:Volume::grafana-dashboards-volume",
    "Grafana$berth:index:Files$docker:index/container:Container::grafana-dashboards-filler",
    "Grafana$docker:index/container:Container::grafana",
  ].map((rest) => [`urn:pulumi:earlier::berth::berth:index:Monitoring$berth:index:${rest}`, sites]),
);

const writer = "urn:pulumi:earlier::berth::berth:index:Routes$berth:index:Job";
const container = `${writer}$docker:index/container:Container`;

/** One job wrote all routes. Now each has a job of its own, so that it waits for no other; what they share has one too. */
const created = ["routes-shared", ...["adminer", "grafana", "mail", "notes", "prometheus", "shop"].map((name) => `route-${name}`)].flatMap((name) => [`${writer}::${name}`, `${container}::${name}`]);
const routes = {
  ...Object.fromEntries(created.map((urn) => [urn, "A route is written by a job of its own as soon as its servers are healthy, and not by one job after all of them."])),
  [`${container}::routes-write`]: "The job that wrote all routes now ends the old file, and removes the routes of applications that have left.",
};

/** Three resources of a volume of files. */
const files = (component: string, name: string) => [
  `${component}$berth:index:Files$random:index/randomId:RandomId::${name}-version`,
  `${component}$berth:index:Files$docker:index/volume:Volume::${name}-volume`,
  `${component}$berth:index:Files$docker:index/container:Container::${name}-filler`,
];
const [role, exporter] = ["berth:index:Application$berth:index:Database", "berth:index:Monitoring$berth:index:Exporters$berth:index:Database"];
const job = "$berth:index:Job$docker:index/container:Container";

/** What applications may do with Postgres and Redis is bounded: both restart once, with their data. */
const tenants = Object.fromEntries(
  Object.entries({
    "The server's own user may log in as any role by the socket, connections are kept for the monitoring, and whoever enters the container starts psql safely.": [
      ...files("berth:index:Postgres", "postgres-config"),
      "berth:index:Postgres$docker:index/container:Container::postgres",
    ],
    "A role's connections and temporary files are bounded; the databases of no application are shut.": [
      `${role}${job}::shop-database`,
      `${exporter}${job}::exporter-role`,
      ...files(role, "shop-database-sql"),
      ...files(exporter, "exporter-role-sql"),
    ],
    "A migration has no limit on idle transactions.": [`berth:index:Application${job}::shop-migrate`],
    "A drill mounts neither the live server's socket nor its data, and only reads the repository.": ["berth:index:Postgres$berth:index:BackupSchedules$berth:index:Schedule$docker:index/container:Container::postgres-backup-drill"],
    "The access list names the kinds of commands that an application has.": [...files("berth:index:Redis", "redis-users"), "berth:index:Redis$docker:index/container:Container::redis"],
  }).flatMap(([why, urns]) => urns.map((rest): [string, string] => [`urn:pulumi:earlier::berth::${rest}`, why])),
);

const asked = "A web server is asked for its health as a request through its route would ask: by its host's name and scheme.";
const webs = Object.fromEntries(["notes-web-0", "shop-web-0", "shop-web-1"].map((name) => [`urn:pulumi:earlier::berth::berth:index:Application$berth:index:Workload$docker:index/container:Container::${name}`, asked]));

const waited = "An update waits for a backup that runs; nothing is replaced.";
const backups = Object.fromEntries(["full", "differential"].map((kind) => [`urn:pulumi:earlier::berth::berth:index:Postgres$berth:index:BackupSchedules$berth:index:Schedule$docker:index/container:Container::postgres-backup-${kind}`, waited]));


/** A worker that hangs is an alert. */
const workers = {
  "urn:pulumi:earlier::berth::berth:index:Application$berth:index:Workload$docker:index/container:Container::shop-worker-0": "A worker's health check leaves its success where Prometheus reads it, under a name of the worker.",
};

const [snapshots, repository] = ["berth:index:Snapshots", "berth:index:Snapshots$berth:index:SnapshotRepository"];
const volume = (component: string, name: string) => [`${component}$berth:index:Volume::${name}`, `${component}$berth:index:Volume$docker:index/volume:Volume::${name}-volume`, `${component}$berth:index:Volume$berth:index:Job::${name}-owner`, `${component}$berth:index:Volume${job}::${name}-owner`];
const newFiles = (component: string, name: string) => [`${component}$berth:index:Files::${name}`, ...files(component, name)];
const schedules = `${snapshots}$berth:index:Schedule`;

/** Backups cover Redis and the volumes too: new parts beside what there is. */
const copies = Object.fromEntries(
  Object.entries({
    "Redis and the volumes of applications are backed up by parts of their own.": [
      `${snapshots}::snapshots`,
      ...["metrics", "drill"].flatMap((kind) => volume(snapshots, `snapshots-${kind}`)),
      `${repository}::snapshots`,
      ...["berth:index:Image", "berth:index:Image$docker-build:index:Image"].map((type) => `${repository}$${type}::snapshots-image`),
      `${repository}$berth:index:Image$docker:index/remoteImage:RemoteImage::snapshots-image-pulled`,
      ...newFiles(repository, "snapshots-secrets"),
      ...volume(repository, "snapshots-repository"),
      ...["", "$docker:index/container:Container"].map((type) => `${repository}$berth:index:Job${type}::snapshots-init`),
      ...["full", "differential", "drill"].flatMap((kind) => [`${schedules}::snapshots-${kind}`, `${schedules}$docker:index/container:Container::snapshots-${kind}`, ...newFiles(schedules, `snapshots-${kind}-crontab`)]),
    ],
    "node_exporter reads their figures, from a volume of their own.": ["berth:index:Monitoring$berth:index:Exporters$docker:index/container:Container::node-exporter"],
  }).flatMap(([why, urns]) => urns.map((rest): [string, string] => [`urn:pulumi:earlier::berth::${rest}`, why])),
);

/** An upload may take ten minutes: Traefik restarts once. */
const traefik = Object.fromEntries(
  [...files("berth:index:Traefik", "traefik-config"), "berth:index:Traefik$docker:index/container:Container::traefik"].map((rest) => [`urn:pulumi:earlier::berth::${rest}`, "Traefik takes a request of up to ten minutes; its own default cuts an upload off after one."]),
);

/** Postgres is on no application's network any more, so that an application that comes or goes restarts nothing that others use. It restarts once. */
const gateways = Object.fromEntries(
  Object.entries({
    "Each application with a database reaches Postgres by a gateway of its own; all have one configuration.": [
      "berth:index:Application$berth:index:Gateway::shop-gateway",
      "berth:index:Application$berth:index:Gateway$docker:index/container:Container::shop-gateway",
      "berth:index:PlatformImages$docker:index/remoteImage:RemoteImage::images-gateway",
      ...newFiles("berth:index:Postgres", "postgres-gateway-config"),
    ],
    "Postgres has a network of its own; what reads its figures, or looks into it, joins that in place of an application's or the monitoring's.": [
      "berth:index:Networks$docker:index/network:Network::networks-data",
      "berth:index:Postgres$docker:index/container:Container::postgres",
      "berth:index:Monitoring$berth:index:Exporters$docker:index/container:Container::postgres-exporter",
      "berth:index:DeveloperTools$berth:index:DatabaseBrowser$docker:index/container:Container::adminer",
    ],
  }).flatMap(([why, urns]) => urns.map((rest): [string, string] => [`urn:pulumi:earlier::berth::${rest}`, why])),
);

const both = { ...monitoring, ...routes, ...tenants, ...webs, ...backups, ...workers, ...copies, ...traefik, ...gateways };

/**
 * Resources of each recorded stack that this program changes, by URN, each with the reason why that can't be helped.
 * A volume with data is never among them.
 */
export const changed: Record<"embedded" | "pulumi", Record<string, string>> = { embedded: both, pulumi: both };
