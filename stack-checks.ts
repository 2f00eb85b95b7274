import { BlockList } from "node:net";
import type { AppDefinition } from "./components/app-definition.ts";
import { backupSecrets } from "./backup-checks.ts";
import { discreetly, parsed, type Problem, type RawConfig } from "./problems.ts";
import { type AppSettings, fields, secretFields, type Settings } from "./settings.ts";

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
      fix: `create apps/${app.folder ?? name}/app.ts, or pulumi config rm -s ${stack} --path 'berth:apps.${name}'`,
    };
  });
}

/** Replicas beside each other would write the same files. */
function sharedVolumes(stack: string, name: string, app: AppSettings, { volumes, defaults }: AppDefinition): Problem[] {
  const replicas = app.replicas ?? defaults?.replicas ?? 1;
  if (volumes === undefined || replicas === 1) return [];
  return [
    {
      field: `berth:apps.${name}.replicas`,
      value: `${replicas}`,
      allowed: `1: its containers would write the same volume, ${Object.keys(volumes).join(", ")}`,
      fix: `pulumi config set -s ${stack} --path 'berth:apps.${name}.replicas' 1`,
    },
  ];
}

/** An image that was built before, where it can't be what runs. */
function builtImage(stack: string, name: string, { image, revision, live }: AppSettings): Problem[] {
  const remove = (key: string) => `pulumi config rm -s ${stack} --path 'berth:apps.${name}.${key}'`;
  if (image === undefined && revision !== undefined) {
    const field = `berth:apps.${name}.revision`;
    return [{ field, value: revision, allowed: "nothing without an image, whose revision it is", fix: `${remove("revision")}, or set berth:apps.${name}.image` }];
  }
  if (image === undefined || live !== true) return [];
  const field = `berth:apps.${name}.image`;
  return [{ field, value: image, allowed: "nothing where the application runs from its source (live: true)", fix: `${remove("image")}, or ${remove("live")}` }];
}

/** What is for people who write code, in a stack that is not for them. */
export function developerProblems(stack: string, settings: Partial<Settings>, definitions: Record<string, AppDefinition>): Problem[] {
  const { apps = {}, environment, developer = {}, docker = "unix://" } = settings;
  const off = (field: string) => `pulumi config rm -s ${stack} --path '${field}'`;
  const tools = Object.entries(developer).flatMap(([name, host]): Problem | [] => {
    const field = `berth:developer.${name}`;
    return host === undefined || environment === "dev" ? [] : { field, value: `"${host}"`, allowed: "nothing, but where berth:environment is dev", fix: off(field) };
  });
  const live = Object.entries(apps).flatMap(([name, app]): Problem | [] => {
    const field = `berth:apps.${name}.live`;
    if (app.live !== true) return [];
    const problem = (allowed: string, fix = off(field)) => ({ field, value: "true", allowed, fix });
    if (environment !== "dev") return problem("true only where berth:environment is dev");
    if (!docker.startsWith("unix://")) return problem(`true only with a Docker Engine on this machine, whose folders it can mount; this one is ${docker}`);
    if (definitions[name]?.live !== undefined || definitions[name] === undefined) return [];
    return problem("true only for an application whose app.ts has `live`", `add \`live\` to apps/${app.folder ?? name}/app.ts, or ${off(field)}`);
  });
  return [...tools, ...live];
}

/** Variables of `env` that would hold in plain text what is a secret of the application. */
function plainSecrets(stack: string, name: string, variables: string[], definition: AppDefinition): Problem[] {
  const secrets = [
    ...Object.keys(definition.secrets ?? {}),
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
        ? `pulumi config rm -s ${stack} --path 'berth:apps.${name}.env.${variable}'; Berth sets it`
        : `pulumi config rm -s ${stack} --path 'berth:apps.${name}.env.${variable}' && ${setSecret(stack, `${name}:${variable}`)}`,
    }));
}

/** Two things that want the same port or the same host name. */
export function clashProblems(stack: string, settings: Partial<Settings>): Problem[] {
  const { apps = {}, domain = "localhost", publish, registry, monitoring, logs } = settings;
  const hosts: [string, string][] = Object.entries(apps).map(([name, app]) => [
    `berth:apps.${name}.host`,
    app.host ?? `${name}.${domain}`,
  ]);
  for (const [name, host] of Object.entries(settings.developer ?? {})) if (host !== undefined) hosts.push([`berth:developer.${name}`, host]);
  if (monitoring?.host !== undefined) hosts.push(["berth:monitoring.host", monitoring.host]);
  if (monitoring?.grafana !== undefined) hosts.push(["berth:monitoring.grafana.host", monitoring.grafana.host]);
  const ports: [string, string][] = [];
  if (publish !== undefined) ports.push(["berth:publish.http", String(publish.http)]);
  if (publish?.https !== undefined) ports.push(["berth:publish.https", String(publish.https)]);
  if (registry !== undefined && "port" in registry) ports.push(["berth:registry.port", String(registry.port)]);
  if (logs?.driver === "loki") ports.push(["berth:logs.port", String(logs.port)]);
  return [...clashes(stack, hosts, "a host name"), ...clashes(stack, ports, "a port"), ...overlaps(stack, settings.networks)];
}

/** A registry of the stack's own listens on 127.0.0.1 of its Docker host, where this machine can't push to. */
export function registryProblems(stack: string, { docker, registry }: Partial<Settings>): Problem[] {
  if (docker === undefined || docker.startsWith("unix://") || registry === undefined || !("port" in registry)) return [];
  return [
    {
      field: "berth:registry",
      value: `one of the stack's own, on port ${registry.port} of ${docker}`,
      allowed: "a registry that both this machine and the Docker host reach: {host, owner, username}",
      fix: `pulumi config set -s ${stack} --path berth:registry.host ghcr.io, the same for owner and username, and pulumi config rm -s ${stack} --path berth:registry.port`,
    },
  ];
}

/** The Docker Engine refuses a network whose addresses another one has. */
function overlaps(stack: string, networks: Partial<Settings["networks"]> = {}): Problem[] {
  const { edge, monitoring } = networks;
  if (edge === undefined || monitoring === undefined) return [];
  if (!contains(edge, monitoring) && !contains(monitoring, edge)) return [];
  return [
    {
      field: "berth:networks.monitoring",
      value: `"${monitoring}", which overlaps berth:networks.edge, ${edge}`,
      allowed: "a network whose addresses no other one has",
      fix: `pulumi config set -s ${stack} --path 'berth:networks.monitoring' <another>`,
    },
  ];
}

function contains(network: string, other: string): boolean {
  const [base = "", prefix] = network.split("/");
  const addresses = new BlockList();
  addresses.addSubnet(base, Number(prefix));
  return addresses.check(other.split("/")[0] ?? "");
}

function clashes(stack: string, taken: [string, string][], what: string): Problem[] {
  return taken.flatMap(([field, value], index) => {
    const first = taken.slice(0, index).find(([, other]) => other === value);
    if (first === undefined) return [];
    return {
      field,
      value: `"${value}", as is ${first[0]}`,
      allowed: `${what} that nothing else in the stack uses`,
      fix: `pulumi config set -s ${stack} --path '${field}' <another>`,
    };
  });
}

/** Secrets that are missing, empty, or in plain text. */
export function secretProblems(
  raw: RawConfig,
  settings: Partial<Settings>,
  definitions: Record<string, AppDefinition>,
): Problem[] {
  const wanted: [key: string, meaning: string, required: boolean][] = Object.entries(definitions).flatMap(
    ([app, definition]) =>
      Object.entries(definition.secrets ?? {}).map(([name, need]): [string, string, boolean] => [
        `${app}:${name}`,
        typeof need === "string" ? need : need.purpose,
        settings.secrets === "require" && typeof need === "string",
      ]),
  );
  const remote = settings.registry !== undefined && "host" in settings.registry;
  const needed = remote && !raw.environment["BERTH_REGISTRY_PASSWORD"];
  wanted.push(["berth:registryPassword", secretFields.registryPassword, needed], ...backupSecrets(settings), ...alertSecrets(settings));
  return wanted.flatMap(([key, meaning, required]) => {
    const fix = setSecret(raw.stack, key);
    if (raw.values[key] === undefined) {
      return required ? { field: key, value: "nothing", allowed: `a secret: ${meaning}`, fix } : [];
    }
    if (!raw.isSecret(key)) {
      return { field: key, value: "plain text", allowed: `a secret: ${meaning}`, fix: `${fix}; and change its value, which others may have seen` };
    }
    return raw.values[key] === "" ? { field: key, value: "empty", allowed: `a secret: ${meaning}`, fix } : [];
  });
}

/** What the ways to send alerts need. */
function alertSecrets({ monitoring }: Partial<Settings>): [key: string, meaning: string, required: boolean][] {
  const { webhook = false, mail } = monitoring?.alerts ?? {};
  return [
    ["berth:alertWebhook", secretFields.alertWebhook, webhook],
    ["berth:mailPassword", secretFields.mailPassword, mail?.username !== undefined],
  ];
}

/** Keys that nothing reads, most often misspelt ones. */
export function unknownKeys(raw: RawConfig, definitions: Record<string, AppDefinition>): Problem[] {
  const known = new Set([
    ...[...Object.keys(fields), ...Object.keys(secretFields)].map((name) => `berth:${name}`),
    ...Object.entries(definitions).flatMap(([app, { secrets }]) => Object.keys(secrets ?? {}).map((s) => `${app}:${s}`)),
  ]);
  return Object.keys(raw.values)
    .filter((key) => !known.has(key) && !key.startsWith("pulumi:"))
    .map((key) => ({
      field: key,
      value: raw.isSecret(key) ? "[secret]" : discreetly(key, parsed(raw.values[key])),
      allowed: `a key that the stack reads: ${[...known].filter((k) => k.split(":")[0] === key.split(":")[0]).join(", ") || `none begins with ${key.split(":")[0]}:`}`,
      fix: `correct its spelling, or pulumi config rm -s ${raw.stack} ${key}`,
    }));
}

/** What to type for a secret; the second where there is no Pulumi CLI. */
function setSecret(stack: string, key: string): string {
  return `pulumi config set -s ${stack} --secret ${key} (or ./berth secret ${key} -s ${stack})`;
}
