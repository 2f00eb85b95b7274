import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { AppDefinition } from "./components/application.ts";
import lock from "./images.lock.json" with { type: "json" };
import { type AppSettings, fields, imageRoles, secretFields, type Settings } from "./settings.ts";

/** One thing that is wrong with a stack file. */
export interface Problem {
  /** Full key, for example `berth:apps.root.replicas`. */
  field: string;
  /** What is there, `nothing` or, for secrets, `[secret]`. */
  value: string;
  allowed: string;
  /** What to type. */
  fix: string;
}

/** An application of this stack: what its folder needs and what the stack file gives. */
export interface App extends Omit<AppSettings, "host"> {
  name: string;
  definition: AppDefinition;
  host: string;
  /** Value of each secret that the folder names; undefined where the stack generates it. */
  secrets: Record<string, pulumi.Output<string> | undefined>;
}

export interface Config extends Omit<Settings, "apps" | "images" | "docker"> {
  docker: string;
  images: Record<(typeof imageRoles)[number], string>;
  apps: App[];
  registryPassword: pulumi.Output<string> | undefined;
}

/** The stack file as the Pulumi engine hands it over: full keys to raw values, and which are secret. */
export interface RawConfig {
  stack: string;
  values: Record<string, string>;
  isSecret: (key: string) => boolean;
  environment: Record<string, string | undefined>;
}

/** Names that an application can't have: they are parts of a stack or Pulumi's own namespaces. */
const reserved = ["berth", "pulumi", "docker", "random", "postgres", "redis", "traefik", "prometheus", "registry"];

/**
 * Reads and checks the whole configuration of the current stack.
 *
 * @throws pulumi.RunError with every problem of the stack file at once.
 */
export async function loadConfig(): Promise<Config> {
  // The SDK declares isConfigSecret internal; Config.getSecret alone can't tell a secret from plain text.
  const { allConfig, isConfigSecret } = pulumi.runtime as typeof pulumi.runtime & {
    isConfigSecret: (key: string) => boolean;
  };
  const raw = { stack: pulumi.getStack(), values: allConfig(), isSecret: isConfigSecret, environment: process.env };
  const definitions = await loadDefinitions(Object.keys(asObject(parsed(raw.values["berth:apps"]))));
  const { config, problems } = checkConfig(raw, definitions);
  if (config === undefined || problems.length > 0) throw new pulumi.RunError(problemReport(raw.stack, problems));
  return config;
}

/** The definitions of those of the named applications that have a folder under apps/. */
export async function loadDefinitions(names: string[]): Promise<Record<string, AppDefinition>> {
  const folder = join(import.meta.dirname, "apps");
  const present = readdirSync(folder).filter((name) => names.includes(name));
  const loaded = present.map(async (name) => {
    const module = (await import(join(folder, name, "app.ts"))) as { default: AppDefinition };
    return [name, module.default] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** Checks a stack file against the schema and the applications; pure, every problem at once. */
export function checkConfig(
  raw: RawConfig,
  definitions: Record<string, AppDefinition>,
): { config?: Config; problems: Problem[] } {
  const settings: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, schema] of Object.entries(fields)) {
    const value = parsed(raw.values[`berth:${name}`]);
    const result = (schema as z.ZodType).safeParse(value);
    if (result.success) settings[name] = result.data;
    else problems.push(...result.error.issues.flatMap((issue) => schemaProblems(raw.stack, name, value, issue)));
    if (raw.isSecret(`berth:${name}`)) {
      problems.push({
        field: `berth:${name}`,
        value: "[secret]",
        allowed: "plain text: no part of it is a secret, and previews must show it",
        fix: `pulumi config set -s ${raw.stack} --plaintext berth:${name} …`,
      });
    }
  }
  const apps = Object.entries((settings["apps"] ?? {}) as Settings["apps"]);
  problems.push(
    ...appProblems(raw.stack, apps, definitions),
    ...clashProblems(raw.stack, settings),
    ...secretProblems(raw, settings, definitions),
    ...unknownKeys(raw, definitions),
  );
  if (problems.length > 0) return { problems };
  const complete = settings as Settings;
  return {
    problems,
    config: {
      ...complete,
      docker: complete.docker ?? raw.environment["DOCKER_HOST"] ?? "unix:///var/run/docker.sock",
      images: Object.fromEntries(
        imageRoles.map((role) => [role, (complete.images as Record<string, string | undefined>)[role] ?? lock[role]]),
      ) as Config["images"],
      registryPassword: secretOf(raw, "berth:registryPassword") ?? fromEnvironment(raw, "BERTH_REGISTRY_PASSWORD"),
      apps: apps.map(([name, app]) => {
        const definition = definitions[name] as AppDefinition;
        return {
          ...app,
          name,
          definition,
          host: app.host ?? `${name}.${complete.domain}`,
          secrets: Object.fromEntries(
            Object.keys(definition.secrets ?? {}).map((secret) => [secret, secretOf(raw, `${name}:${secret}`)]),
          ),
        };
      }),
    },
  };
}

/** The message that stops a preview: every problem with what is allowed and what to type. */
export function problemReport(stack: string, problems: Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `stack "${stack}": ${count} in Pulumi.${stack}.yaml; nothing was changed.`,
    ...problems.flatMap(({ field, value, allowed, fix }) => [
      `  ${field} in stack "${stack}" is ${value}`,
      `    allowed: ${allowed}`,
      `    fix:     ${fix}`,
    ]),
  ].join("\n");
}

function schemaProblems(stack: string, name: string, value: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const path = [name, ...issue.path].join(".");
    return issue.keys.map((key) => ({
      field: `berth:${path}.${key}`,
      value: shown(at(value, [...issue.path, key])),
      allowed: "a known field; this one is unknown",
      fix: `correct its spelling, or pulumi config rm -s ${stack} --path 'berth:${path}.${key}'`,
    }));
  }
  const path = [name, ...issue.path].join(".");
  return [
    {
      field: `berth:${path}`,
      value: shown(at(value, issue.path)),
      allowed: issue.message,
      fix: `pulumi config set -s ${stack} --path 'berth:${path}' <value>`,
    },
  ];
}

function appProblems(
  stack: string,
  apps: [string, AppSettings][],
  definitions: Record<string, AppDefinition>,
): Problem[] {
  return apps.flatMap(([name]) => {
    if (reserved.includes(name)) {
      return {
        field: `berth:apps.${name}`,
        value: `an application named "${name}"`,
        allowed: `a name other than ${reserved.join(", ")}`,
        fix: `rename apps/${name} and its entry in Pulumi.${stack}.yaml`,
      };
    }
    if (definitions[name] !== undefined) return [];
    return {
      field: `berth:apps.${name}`,
      value: `an application without a folder`,
      allowed: "the name of a folder under apps/ that has an app.ts",
      fix: `create apps/${name}/app.ts, or pulumi config rm -s ${stack} --path 'berth:apps.${name}'`,
    };
  });
}

/** Two things that want the same port or the same host name. */
function clashProblems(stack: string, settings: Partial<Settings>): Problem[] {
  const { apps = {}, domain = "localhost", publish, registry, monitoring } = settings;
  const hosts: [string, string][] = Object.entries(apps).map(([name, app]) => [
    `berth:apps.${name}.host`,
    app.host ?? `${name}.${domain}`,
  ]);
  if (monitoring?.host !== undefined) hosts.push(["berth:monitoring.host", monitoring.host]);
  const ports: [string, string][] = [];
  if (publish !== undefined) ports.push(["berth:publish.http", String(publish.http)]);
  if (registry !== undefined && "port" in registry) ports.push(["berth:registry.port", String(registry.port)]);
  return [...clashes(stack, hosts, "a host name"), ...clashes(stack, ports, "a port")];
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

function secretProblems(
  raw: RawConfig,
  settings: Partial<Settings>,
  definitions: Record<string, AppDefinition>,
): Problem[] {
  const wanted: [key: string, meaning: string, required: boolean][] = Object.entries(definitions).flatMap(
    ([app, definition]) =>
      Object.entries(definition.secrets ?? {}).map(([name, meaning]): [string, string, boolean] => [
        `${app}:${name}`,
        meaning,
        settings.secrets !== "generate",
      ]),
  );
  const remote = settings.registry !== undefined && "host" in settings.registry;
  const needed = remote && raw.environment["BERTH_REGISTRY_PASSWORD"] === undefined;
  wanted.push(["berth:registryPassword", secretFields.registryPassword, needed]);
  return wanted.flatMap(([key, meaning, required]) => {
    const fix = `pulumi config set -s ${raw.stack} --secret ${key}`;
    if (raw.values[key] === undefined) {
      return required ? { field: key, value: "nothing", allowed: `a secret: ${meaning}`, fix } : [];
    }
    if (!raw.isSecret(key)) {
      return { field: key, value: "plain text", allowed: `a secret: ${meaning}`, fix: `${fix}   (and change its value)` };
    }
    return raw.values[key] === "" ? { field: key, value: "empty", allowed: `a secret: ${meaning}`, fix } : [];
  });
}

function unknownKeys(raw: RawConfig, definitions: Record<string, AppDefinition>): Problem[] {
  const known = new Set([
    ...[...Object.keys(fields), ...Object.keys(secretFields)].map((name) => `berth:${name}`),
    ...Object.entries(definitions).flatMap(([app, { secrets }]) => Object.keys(secrets ?? {}).map((s) => `${app}:${s}`)),
  ]);
  return Object.keys(raw.values)
    .filter((key) => !known.has(key) && !key.startsWith("pulumi:"))
    .map((key) => ({
      field: key,
      value: raw.isSecret(key) ? "[secret]" : shown(parsed(raw.values[key])),
      allowed: `a key that the stack reads: ${[...known].filter((k) => k.split(":")[0] === key.split(":")[0]).join(", ") || `none begins with ${key.split(":")[0]}:`}`,
      fix: `correct its spelling, or pulumi config rm -s ${raw.stack} ${key}`,
    }));
}

function secretOf(raw: RawConfig, key: string): pulumi.Output<string> | undefined {
  const value = raw.values[key];
  return value === undefined ? undefined : pulumi.secret(value);
}

function fromEnvironment(raw: RawConfig, name: string): pulumi.Output<string> | undefined {
  const value = raw.environment[name];
  return value === undefined ? undefined : pulumi.secret(value);
}

/** The engine hands objects over as JSON and everything else as text. */
function parsed(value: string | undefined): unknown {
  if (value === undefined || !/^\s*[{["\d-]|^(true|false)$/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function at(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (asObject(inner) as Record<PropertyKey, unknown>)[key], value);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
