import { z } from "zod";
import { apps } from "./settings/apps.ts";
import { backupSecretFields } from "./settings/backup.ts";
import { developer } from "./settings/developer.ts";
import { images } from "./settings/images.ts";
import { logs } from "./settings/logs.ts";
import { monitoring, monitoringSecretFields } from "./settings/monitoring.ts";
import { networks } from "./settings/networks.ts";
import { postgres } from "./settings/postgres.ts";
import { redis } from "./settings/redis.ts";
import { registry, registrySecretFields } from "./settings/registry.ts";
import { sizes } from "./settings/sizes.ts";
import { builds, docker, domain, environment, runtime, secrets } from "./settings/stack.ts";
import { publish, tls } from "./settings/traefik.ts";

/**
 * Every key of a stack file under `berth:`, in the order of the documentation: one schema, part by part.
 *
 * The JSON schema for editors is made from here (`npm run schema`).
 */
export const fields = { docker, environment, developer, runtime, domain, publish, tls, registry, builds, secrets, networks, images, logs, sizes, postgres, redis, monitoring, apps };

/** Secrets under `berth:`, set with `pulumi config set --secret`, and the meaning of each. */
export const secretFields = { ...registrySecretFields, ...backupSecretFields, ...monitoringSecretFields };

export const schema = z.strictObject(fields);
export type Settings = z.output<typeof schema>;
export type AppSettings = Settings["apps"][string];

/** The value of a field; its default where the schema refuses it, which the program itself tells. */
export function setting<Name extends keyof Settings>(name: Name, value: unknown): Settings[Name] {
  const result = fields[name].safeParse(value);
  return (result.success ? result.data : fields[name].parse(undefined)) as Settings[Name];
}
