import { workerField } from "../../components/app/workers.ts";
import type { AppDefinition } from "../../components/index.ts";
import { remove, set, setSecret } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { AppSettings } from "../settings.ts";
import { sizesOf } from "../sizes.ts";

/** Names that an application can't have, by what has them already. */
export const reserved = [
  ["berth", "pulumi", "docker", "random"], // namespaces of configuration
  ["postgres", "redis", "traefik", "prometheus", "alertmanager", "grafana", "loki", "log-collector", "adminer", "mail", "tools", "registry", "exporter", "admin"], // parts of a stack
  ["public", "none", "template0", "template1", "default"], // Postgres's roles and databases, Redis's user
].flat();

/** Applications whose name is taken or that have no folder. */
export function appProblems(
  stack: string,
  apps: [string, AppSettings][],
  definitions: Record<string, AppDefinition>,
): Problem[] {
  return apps.flatMap(([name, app]): Problem[] | Problem => {
    if (reserved.includes(name)) {
      return {
        field: `berth:apps.${name}`,
        value: `an application named "${name}"`,
        allowed: `a name other than ${reserved.join(", ")}`,
        fix: `rename apps/${name} and its entry in Pulumi.${stack}.yaml`,
      };
    }
    const definition = definitions[name];
    if (definition !== undefined) {
      return [...plainSecrets(stack, name, Object.keys(app.env), definition), ...sharedVolumes(stack, name, app, definition), ...builtImage(stack, name, app)];
    }
    return {
      field: `berth:apps.${name}`,
      value: `an application without a folder`,
      allowed: "the name of a folder under apps/ that has an app.ts",
      fix: `create apps/${app.folder ?? name}/app.ts, or ${remove(stack, `berth:apps.${name}`)}`,
    };
  });
}

/** Replicas beside each other would write the same files. */
function sharedVolumes(stack: string, name: string, app: AppSettings, definition: AppDefinition): Problem[] {
  const { volumes } = definition;
  if (volumes === undefined) return [];
  const { replicas, workers } = sizesOf(app, definition);
  const counts = [["replicas", replicas] as const, ...Object.entries(workers).map(([role, size]) => [`${workerField(role)}.replicas`, size.replicas] as const)];
  return counts
    .filter(([, count]) => count > 1)
    .map(([key, count]) => {
      const field = `berth:apps.${name}.${key}`;
      return { field, value: `${count}`, allowed: `1: its containers would write the same volume, ${Object.keys(volumes).join(", ")}`, fix: set(stack, field, "1") };
    });
}

/** An image that was built before, where it can't be what runs. */
function builtImage(stack: string, name: string, { image, revision, live }: AppSettings): Problem[] {
  const off = (key: string) => remove(stack, `berth:apps.${name}.${key}`);
  if (image === undefined && revision !== undefined) {
    const field = `berth:apps.${name}.revision`;
    return [{ field, value: revision, allowed: "nothing without an image, whose revision it is", fix: `${off("revision")}, or set berth:apps.${name}.image` }];
  }
  if (image === undefined || live !== true) return [];
  const field = `berth:apps.${name}.image`;
  return [{ field, value: image, allowed: "nothing where the application runs from its source (live: true)", fix: `${off("image")}, or ${off("live")}` }];
}

/** Variables of `env` that would hold in plain text what is a secret of the application. */
function plainSecrets(stack: string, name: string, variables: string[], definition: AppDefinition): Problem[] {
  const secrets = [
    ...Object.keys({ ...definition.secrets, ...definition.derived }),
    ...(definition.database === true ? ["POSTGRES_PASSWORD", "DATABASE_URL"] : []),
    ...(definition.cache === true ? ["REDIS_PASSWORD", "REDIS_URL"] : []),
  ];
  return variables
    .filter((variable) => secrets.includes(variable))
    .map((variable) => ({
      field: `berth:apps.${name}.env.${variable}`,
      value: "plain text",
      allowed: `no secret: the application reads it from the file that ${variable}_FILE names`,
      fix: definition.secrets?.[variable] === undefined
        ? `${remove(stack, `berth:apps.${name}.env.${variable}`)}; Berth sets it`
        : `${remove(stack, `berth:apps.${name}.env.${variable}`)} && ${setSecret(stack, `${name}:${variable}`)}`,
    }));
}
