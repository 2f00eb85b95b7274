import { join } from "node:path";
import { configFiles } from "./config-files.ts";
import type { App, Config } from "./config.ts";
import { imageLabels, quickLabel } from "./image-labels.ts";
import { readPem } from "./pem.ts";
import type { Scope } from "./scope.ts";
import { mebibytes } from "./settings/values.ts";
import { type OwnImage, ownImages } from "./settings/images.ts";

export type ComponentSettings = ReturnType<typeof componentSettings>;

/**
 * The configuration as components take it: sizes in MiB, files as their text, and each secret beside what it belongs to.
 *
 * Components read no file of the project, no git and no environment: what they need of these is read here. Of the
 * applications that an update does not apply it reads no files, and asks git nothing.
 *
 * @param scope Which applications are applied. @default all
 */
export function componentSettings({ registryPassword, backupKey, s3Key, s3Secret, alertWebhook, mailPassword, ...config }: Config, scope?: Scope) {
  const { logs, registry, postgres, redis, tls, monitoring } = config;
  const { backup } = postgres;
  const known = scope === undefined ? config.apps : config.apps.filter(({ name }) => scope.known.includes(name));
  const applied = scope === undefined ? known : known.filter(({ name }) => scope.apps.includes(name));
  const s3Keys = s3Key === undefined || s3Secret === undefined ? undefined : { key: s3Key, secret: s3Secret };
  return {
    ...config,
    logs: logs.driver === "json-file" ? { ...logs, size: mebibytes(logs.size) } : logs,
    registry: "port" in registry ? registry : { ...registry, password: registryPassword ?? "" },
    sizes: Object.fromEntries(Object.entries(config.sizes).map(([part, { memory, cpus }]) => [part, { ...(memory !== undefined && { memory: mebibytes(memory) }), ...(cpus !== undefined && { cpus }) }])),
    tools: ownSource("tools", config),
    postgres: {
      ...postgres,
      memory: mebibytes(postgres.memory),
      temporaryFiles: mebibytes(postgres.temporaryFiles),
      backup: backup && { ...backup, baseImage: config.images.postgres, source: ownSource("postgresBackup", config), key: backupKey, s3Keys },
    },
    snapshots: backup && { ...backup, baseImage: config.images.redis, source: ownSource("snapshots", config), key: backupKey, s3Keys, redisMemory: mebibytes(redis.memory) },
    redis: { ...redis, memory: mebibytes(redis.memory) },
    tls: tls && withAuthority(tls),
    monitoring: {
      ...monitoring,
      size: mebibytes(monitoring.size),
      alerts: monitoring.alerts && { ...monitoring.alerts, mail: monitoring.alerts.mail && withAuthority(monitoring.alerts.mail), webhookUrl: alertWebhook, mailPassword },
    },
    /** Those that this update applies. */
    apps: applied.map((app) => applicationSettings(app, config.builds)),
    /** Those that the platform is made for. */
    known,
    /** Those that it leaves alone; undefined where it applies all. */
    others: scope && known.filter((app) => !applied.includes(app)).map(({ name }) => name),
  };
}

function applicationSettings(app: App, builds: Config["builds"]) {
  const { context, config, buildArgs, quickArgs } = app.definition;
  // Where it names none it is built alike, and so is the same image.
  const quick = builds === "quick" && quickArgs !== undefined;
  return {
    ...app,
    definition: quick ? { ...app.definition, buildArgs: { ...buildArgs, ...quickArgs } } : app.definition,
    memory: mebibytes(app.memory),
    workers: Object.fromEntries(Object.entries(app.workers).map(([role, size]) => [role, { ...size, memory: mebibytes(size.memory) }])),
    labels: app.image === undefined ? { ...imageLabels(context), ...(quick && { [quickLabel.name]: quickLabel.value }) } : {},
    configFiles: config === undefined ? {} : configFiles(join(context, config.directory)),
  };
}

const project = join(import.meta.dirname, "..");
const contexts: Record<OwnImage, string> = {
  tools: join(project, ownImages.tools),
  // Spelled as stacks have it in their state: another text, even of the same folder, would build the image anew.
  postgresBackup: `${project}/components/../${ownImages.postgresBackup}`,
  snapshots: join(project, ownImages.snapshots),
};

/** One of Berth's own images: its folder in the project, and the image that the stack file names instead. */
function ownSource(image: OwnImage, { ownImages: built }: Pick<Config, "ownImages">) {
  const context = contexts[image];
  return built[image] === undefined ? { context, labels: imageLabels(context) } : { context, built: built[image] };
}

/** The PEM file of an authority, as its text. */
function withAuthority<Settings extends { caCertificate?: string | undefined }>({ caCertificate, ...settings }: Settings) {
  return { ...settings, ...(caCertificate !== undefined && { authority: readPem(caCertificate) }) };
}
