import { isAbsolute } from "node:path";
import type { AppDefinition } from "../../components/index.ts";
import type { ImageFacts } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { userOf } from "./user.ts";

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
  const { secrets, database, cache, foreign, empty, unreadable } = environment;
  const { env, inFolder } = placed(environment.env);
  const needs = userOf(facts, scripts);
  const plain = secrets.length > 0 || database || cache;
  const command = [...(facts.entrypoint ?? []), ...(facts.command ?? [])];
  const health = facts.health;
  const path = /https?:\/\/[^/\s"'|]+(\/[^\s"'|?;)]*)/.exec((health ?? []).join(" "))?.[1];
  const volumes = Object.fromEntries(facts.volumes.map((volume) => [volumeName(volume), volume]));
  const definition: Prepared["definition"] = {
    web: {
      ...(plain && { command }),
      port,
      health: { path: path ?? "/", ...(health !== undefined && { command: health }) },
    },
    ...(database && { database }),
    ...(cache && { cache }),
    ...(Object.keys(inFolder).length > 0 && { env: inFolder }),
    ...(secrets.length > 0 && { secrets: Object.fromEntries(secrets.map((name) => [name, "named by its repository"])) }),
    ...(facts.volumes.length > 0 && { volumes }),
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
      ...(secrets.length > 0 ? [`secrets: ${secrets.join(", ")}. dev generates them; elsewhere, and where they must be certain values, ./berth secret sets them`] : []),
      ...(database ? ["it takes POSTGRES_HOST, _PORT, _USER, _DB, _PASSWORD or DATABASE_URL as Berth sets them; migrations are `jobs`"] : []),
      ...(cache ? ["its keys in Redis must begin with REDIS_PREFIX; it logs in as REDIS_USER with REDIS_PASSWORD, or by REDIS_URL"] : []),
      ...(foreign.length > 0 ? [`${foreign.join(", ")} look like a database's or a cache's: Berth gives POSTGRES_… and REDIS_…; set them from these in web.command`] : []),
      ...(empty.length > 0 ? [`${empty.join(", ")} have no value in the sample: set them in the stack file where they are needed`] : []),
      ...(unreadable.length > 0 ? [`${unreadable.join(", ")} have signs in the sample that end a line or can't be seen: they are not taken over`] : []),
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

/** `var-lib-app` for `/var/lib/app`. */
function volumeName(path: string): string {
  return path.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "data";
}
