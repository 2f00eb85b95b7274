import { isAbsolute } from "node:path";
import type { AppDefinition } from "../../components/index.ts";
import type { Build } from "./built-image.ts";
import type { DockerfileText } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { healthOf, type HealthRead } from "./health.ts";
import type { ImageFacts } from "./image-config.ts";
import { type Origin, originOf } from "./origin.ts";
import type { RootNeeds } from "./start.ts";
import type { ImageUser } from "./user.ts";
import { environmentLines } from "./variables-told.ts";

/** What is known of a secret that a sample or an image names. */
const named = "named by its repository";

export interface Found {
  facts: ImageFacts;
  dockerfile: DockerfileText;
  environment: Environment;
  user: ImageUser;
  root: RootNeeds;
  health: HealthRead;
  port: number;
  build: Build;
}

/** What is written for a repository, and what its owner must know of it. */
export interface Prepared {
  definition: Omit<AppDefinition, "context">;
  /** Environment of the stack's entry. */
  env: Record<string, string>;
  /** Reason of a field, and how to get rid of it, by its path: `unprepared.root`. */
  reasons: Record<string, string>;
  assumed: string[];
  check: string[];
}

/** The definition of an application that nobody prepared: as hardened as its image lets it be. */
export function prepare(found: Found): Prepared {
  const { facts, dockerfile, environment, user, root, port } = found;
  const { env, inFolder } = placed(portAsUsed(environment.env, port));
  const origin = originOf(dockerfile);
  const definition: Prepared["definition"] = {
    ...built(found),
    ...needs(found, inFolder),
    ...(user.user !== 0 && { user: user.user, ...(user.group !== user.user && { group: user.group }) }),
    unprepared: {
      ...(user.user === 0 && { root: true }),
      ...(user.user === 0 && root.capabilities.length > 0 && { capabilities: root.capabilities }),
      writableRoot: true,
      ...(wantsPlain(environment) && { plainSecrets: true }),
    },
  };
  return { definition, env, reasons: reasonsOf(found, origin), assumed: assumed(definition, facts), check: toCheck(found) };
}

function built({ build }: Found): Pick<AppDefinition, "dockerfile" | "target" | "buildArgs" | "buildSecrets"> {
  const { buildArgs = {}, secrets = {} } = build;
  return {
    ...(build.dockerfile !== undefined && { dockerfile: build.dockerfile }),
    ...(build.target !== undefined && { target: build.target }),
    ...(Object.keys(buildArgs).length > 0 && { buildArgs }),
    ...(Object.keys(secrets).length > 0 && { buildSecrets: Object.fromEntries(Object.keys(secrets).map((id) => [id, "mounted by its build"])) }),
  };
}

function needs({ facts, environment, health, port }: Found, env: Record<string, string>): Omit<AppDefinition, "context"> {
  const { database, cache, derived } = environment;
  const secrets = secretsOf(environment);
  const volumes = Object.fromEntries(outermost([...facts.volumes, ...environment.volumes]).map((volume) => [volumeName(volume), volume]));
  return {
    web: { ...(wantsPlain(environment) && { command: [...facts.entrypoint, ...facts.command] }), port, health: healthOf(facts.health, health, port) },
    ...(database && { database }),
    ...(cache && { cache }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(Object.keys(secrets).length > 0 && { secrets }),
    ...(Object.keys(derived).length > 0 && { derived }),
    ...(Object.keys(volumes).length > 0 && { volumes }),
  };
}

function secretsOf({ secrets, optional }: Environment): NonNullable<AppDefinition["secrets"]> {
  return { ...Object.fromEntries(secrets.map((name) => [name, named])), ...Object.fromEntries(optional.map((name) => [name, { purpose: named, optional: true }] as const)) };
}

function wantsPlain(environment: Environment): boolean {
  const { database, cache, derived } = environment;
  return database || cache || Object.keys({ ...derived, ...secretsOf(environment) }).length > 0;
}

function reasonsOf({ facts, user, root }: Found, origin: Origin): Record<string, string> {
  const who = facts.user === "" ? `No USER in the Dockerfile or in ${origin.base}.` : `USER ${facts.user}${origin.of("USER")}${/^\d+(:\d+)?$/.test(facts.user) ? "" : `, ${user.user}:${user.group} in its /etc/passwd`}.`;
  return {
    dockerfile: "Seen from the context.",
    user: who,
    "web.health": facts.health === undefined ? "There is no HEALTHCHECK." : `HEALTHCHECK${origin.of("HEALTHCHECK")}.`,
    volumes: facts.volumes.length === 0 ? "A database of its own." : `VOLUME${origin.of("VOLUME")}.`,
    "unprepared.root": `${who} Without it: a USER in the Dockerfile, and its files readable for all.`,
    "unprepared.capabilities": `To change owners${root.by === undefined ? "" : `, and to go on as another user: ${root.by}`}. Without them: start as that user.`,
    "unprepared.writableRoot": "It may write beside its volumes and /tmp. Without it: remove this line, and see what fails.",
    "unprepared.plainSecrets": "It reads secrets from plain variables. Without it: let it read the files that NAME_FILE names.",
  };
}

function assumed({ web }: Prepared["definition"], { health }: ImageFacts): string[] {
  return [
    ...(web?.health.path === "/" ? [`GET / answers 2xx or 3xx when it is well${health === undefined ? " (there is no HEALTHCHECK)" : ""}`] : []),
    "it writes to its own file system (unprepared.writableRoot)",
    "it opens no connections to the world (egress: true lets it)",
  ];
}

function toCheck({ facts, dockerfile, environment, build, port }: Found): string[] {
  const { health, ports } = facts;
  const others = dockerfile.secrets.filter((id) => build.secrets?.[id] === undefined);
  return [
    ...(isAbsolute(build.context) ? [`it is built from ${build.context} of this machine: where others deploy it too, give its address and commit instead`] : []),
    ...environmentLines(environment),
    ...(environment.env["PORT"] !== undefined && environment.env["PORT"] !== String(port) ? [`PORT=${environment.env["PORT"]} of the sample is not set: requests go to ${port}`] : []),
    ...(ports.length > 1 ? [`it exposes ${ports.map((each) => `${each.port}/${each.protocol}`).join(", ")}; requests go to ${port}`] : []),
    ...(health?.interval !== undefined || health?.retries !== undefined ? [`its HEALTHCHECK asks every ${health.interval ?? 30} s and gives up after ${health.retries ?? 3}; Berth asks every 500 ms while it starts, then every 30 s, and gives up after 3`] : []),
    ...(Object.keys(build.secrets ?? {}).length > 0 ? [`secrets of its build: ${Object.keys(build.secrets ?? {}).join(", ")}. Set them by ./berth secret set before up`] : []),
    ...(others.length > 0 ? [`its build mounts ${others.join(", ")} too, and was built without: --build-secret ${others[0]}=<VARIABLE> gives it one`] : []),
  ];
}

/** PORT of the sample is set where it is the one that requests go to; else the program would listen on another. */
function portAsUsed({ PORT, ...env }: Record<string, string>, port: number): Record<string, string> {
  return PORT === String(port) ? { PORT, ...env } : env;
}

/** A stack file takes names in capitals alone; the others go to app.ts. */
function placed(all: Record<string, string>): { env: Record<string, string>; inFolder: Record<string, string> } {
  const split = (capitals: boolean) => Object.fromEntries(Object.entries(all).filter(([name]) => /^[A-Z_][A-Z0-9_]*$/.test(name) === capitals));
  return { env: split(true), inFolder: split(false) };
}

/** Without those that are in another of them. */
function outermost(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other.replace(/\/$/, "")}/`)));
}

/** `var-lib-app` for `/var/lib/app`. */
function volumeName(path: string): string {
  return path.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "data";
}
