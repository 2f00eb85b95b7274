import { isAbsolute } from "node:path";
import type { AppDefinition } from "../../components/index.ts";
import type { ImageFacts } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { userOf } from "./user.ts";
import { environmentLines } from "./variables-told.ts";

/** What is known of a secret that a sample or an image names. */
const named = "named by its repository";

export interface Found {
  facts: ImageFacts;
  environment: Environment;
  /** Text of its start script, where that is in the repository. */
  scripts: string;
  port: number;
  /** Folder of this machine, or address with its commit, that it is built from. */
  context: string;
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

/** The definition of an application that nobody prepared: as hardened as its Dockerfile lets it be. */
export function prepare({ facts, environment, scripts, port, context }: Found): Prepared {
  const { secrets, optional, database, cache, derived, buildArgs } = environment;
  const { env, inFolder } = placed(environment.env);
  const needs = userOf(facts, scripts);
  const wanted = Object.fromEntries([...secrets.map((name) => [name, named]), ...optional.map((name) => [name, { purpose: named, optional: true }])]) as NonNullable<AppDefinition["secrets"]>;
  const plain = Object.keys({ ...wanted, ...derived }).length > 0 || database || cache;
  const command = [...(facts.entrypoint ?? []), ...(facts.command ?? [])];
  const health = facts.health;
  const path = /https?:\/\/[^/\s"'|]+(\/[^\s"'|?;)]*)/.exec((health ?? []).join(" "))?.[1];
  const volumes = Object.fromEntries(outermost([...facts.volumes, ...environment.volumes]).map((volume) => [volumeName(volume), volume]));
  const definition: Prepared["definition"] = {
    ...(Object.keys(buildArgs).length > 0 && { buildArgs }),
    web: {
      ...(plain && { command }),
      port,
      health: { path: path ?? "/", ...(health !== undefined && { command: health }) },
    },
    ...(database && { database }),
    ...(cache && { cache }),
    ...(Object.keys(inFolder).length > 0 && { env: inFolder }),
    ...(Object.keys(wanted).length > 0 && { secrets: wanted }),
    ...(Object.keys(derived).length > 0 && { derived }),
    ...(Object.keys(volumes).length > 0 && { volumes }),
    ...(needs.user !== 0 && { user: needs.user }),
    unprepared: {
      ...(needs.user === 0 && { root: true }),
      ...(needs.capabilities.length > 0 && { capabilities: needs.capabilities }),
      writableRoot: true,
      ...(plain && { plainSecrets: true }),
    },
  };
  const reasons = {
    user: sentence(needs.because),
    "unprepared.root": `${sentence(needs.because)} Without it: a USER with a number in the Dockerfile, and its files readable for all.`,
    "unprepared.capabilities": "To change owners, and to go on as another user. Without them: start as that user.",
    "unprepared.writableRoot": "It may write beside its volumes and /tmp. Without it: remove this line, and see what fails.",
    "unprepared.plainSecrets": "It reads secrets from plain variables. Without it: let it read the files that NAME_FILE names.",
  };
  return {
    definition,
    env,
    reasons,
    assumed: [
      ...(needs.assumed ? [needs.because] : []),
      ...(path === undefined ? [`GET / answers 2xx or 3xx when it is well${health === undefined ? " (there is no HEALTHCHECK)" : ""}`] : []),
      "it writes to its own file system (unprepared.writableRoot)",
      "it opens no connections to the world (egress: true lets it)",
    ],
    check: [
      ...(isAbsolute(context) ? [`it is built from ${context} of this machine: where others deploy it too, give its address and commit instead`] : []),
      ...environmentLines(environment),
      ...(facts.ports.length > 1 ? [`it exposes ${facts.ports.join(", ")}; requests go to ${port}`] : []),
    ],
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
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
