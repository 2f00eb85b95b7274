import { basename, dirname } from "node:path/posix";
import { parseEnv } from "node:util";
import { visible } from "../preview/escape.ts";
import { type Connection, connectionOf } from "./connection.ts";
import { connectionPart, otherDatabase } from "./connection-part.ts";
import { isForDevelopment, isReadInBuild, looksSecret } from "./setting.ts";

/** What the variables that a repository names are to the application. */
export interface Environment {
  /** Plain settings, with the values of the sample. */
  env: Record<string, string>;
  /** Names alone. Their values are never taken: in a sample there may be a real one. */
  secrets: string[];
  /** Secrets without a value in the sample, or for something that Berth does not have: unset until somebody sets them. */
  optional: string[];
  /** Read when the image is built, with the values of the sample. */
  buildArgs: Record<string, string>;
  database: boolean;
  cache: boolean;
  /** Its keys in Redis begin with the prefix that it is told. */
  prefixed: boolean;
  /** What Berth gives, under the names and in the forms that the application reads. */
  derived: Record<string, string>;
  /** Directories of its own files of SQLite. */
  volumes: string[];
  /** Names that are not set, by the reason. */
  unset: Record<Unset, string[]>;
}

/** Why a variable of the sample is not set. */
export type Unset = "empty" | "unreadable" | "refers" | "development" | "inImage" | "build" | `other ${string}`;

export interface Named {
  /** Text of the sample file (`.env.example`), empty for none. */
  sample: string;
  /** Variables of the image, those of its base among them: the program has them whatever the sample says. */
  image: Record<string, string>;
  /** Those that its own Dockerfile sets. @default all */
  own?: readonly string[];
  /** Arguments of its Dockerfile without a default. @default none */
  args?: readonly string[];
}

/** What Berth sets itself where `database` or `cache` is true. */
const given = /^(POSTGRES_(HOST|PORT|USER|DB|PASSWORD)|DATABASE_URL|REDIS_(HOST|PORT|USER|PREFIX|PASSWORD|URL))(_FILE)?$/;

/** Sorts what a sample file and the image name. What the image sets counts; of that, only what must be another on a server is set anew. */
export function readEnvironment({ sample, image, own = Object.keys(image), args = [] }: Named): Environment {
  const found: Environment = { env: {}, secrets: [], optional: [], buildArgs: {}, database: false, cache: false, prefixed: false, derived: {}, volumes: [], unset: {} as Environment["unset"] };
  const named = Object.entries(parseEnv(sample)).map(([name, value]) => [name, value ?? ""] as const);
  const of = [...named.filter(([name]) => image[name] === undefined), ...Object.entries(image).filter(([name]) => own.includes(name))];
  const other = otherDatabase(of);
  for (const [name, value] of of) sort(found, name, value, { inImage: image[name] !== undefined, args, other });
  for (const [name, value] of named) if (image[name] !== undefined && image[name] !== value && value !== "") leave(found, "inImage", name);
  for (const list of [found.secrets, found.optional]) list.sort();
  return found;
}

interface Where {
  inImage: boolean;
  args: readonly string[];
  other: string | undefined;
}

function sort(found: Environment, name: string, value: string, { inImage, args, other }: Where): void {
  const address = connectionOf(value);
  const part = connectionPart(name);
  const what = address?.service === "other" ? address.what : part?.service === "sql" ? other : typeof part?.service === "object" ? part.service.what : undefined;
  if (/(REDIS|VALKEY|CACHE)_?(KEY_?)?PREFIX$/i.test(name)) prefix(found, name);
  else if (address?.service === "sqlite") file(found, name, value, address);
  else if (what !== undefined && (address === undefined || address.service === "other")) elsewhere(found, name, value, what);
  else if (address?.service === "postgres" || address?.service === "redis") give(found, name, address.service, address.text);
  else if (part !== undefined) give(found, name, part.service === "redis" ? "redis" : "postgres", part.text);
  else if (value !== "" && isReadInBuild(name)) inBuild(found, name, value, args);
  else if (looksSecret(name, value)) (value === "" ? found.optional : found.secrets).push(name);
  else if (inImage) return;
  else if (value === "") leave(found, "empty", name);
  else if (visible(value.replaceAll(/[\n\t]/g, "")) !== value.replaceAll(/[\n\t]/g, "")) leave(found, "unreadable", name);
  else if (isForDevelopment(name, value)) leave(found, "development", `${name}=${value}`);
  // Its own program would put them in; a container's environment is text.
  else if (/\$(\{\w+|[A-Z_])/.test(value)) leave(found, "refers", name);
  else if (args.includes(name)) found.buildArgs[name] = value;
  else found.env[name] = value;
}

function give(found: Environment, name: string, service: "postgres" | "redis", text: string): void {
  if (service === "postgres") found.database = true;
  else found.cache = true;
  const plain = name.replace(/_FILE$/, "");
  // Secrets that become plain variables stay files too, and their paths are not told then.
  if (plain !== name) found.env[name] = `/run/secrets/${plain}`;
  // Berth gives it under this name already.
  if (!given.test(name) || text !== `\${${plain}}`) found.derived[plain] = text;
}

function prefix(found: Environment, name: string): void {
  found.prefixed = true;
  if (name !== "REDIS_PREFIX") found.derived[name] = "${REDIS_PREFIX}";
}

/** Data in the image would be gone with the next version, so it goes to a volume. */
function file(found: Environment, name: string, value: string, { path, at }: Extract<Connection, { service: "sqlite" }>): void {
  if (path === undefined) {
    found.env[name] = value;
    return;
  }
  const own = path.startsWith("/") && !/^\/(tmp\/)?[^/]*$/.test(path);
  const place = own ? path : `/data/${basename(path)}`;
  found.env[name] = own ? value : at(place);
  if (!found.volumes.includes(dirname(place))) found.volumes.push(dirname(place));
}

function elsewhere(found: Environment, name: string, value: string, what: string): void {
  leave(found, `other ${what}`, name);
  if (looksSecret(name, value) || connectionOf(value) !== undefined) found.optional.push(name);
}

function inBuild(found: Environment, name: string, value: string, args: readonly string[]): void {
  if (!args.includes(name) || looksSecret(name, value)) leave(found, "build", name);
  else if (isForDevelopment(name, value)) leave(found, "development", `${name}=${value}`);
  else found.buildArgs[name] = value;
}

function leave(found: Environment, reason: Unset, name: string): void {
  (found.unset[reason] ??= []).push(name);
}
