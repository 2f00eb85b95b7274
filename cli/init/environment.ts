import { parseEnv } from "node:util";
import { visible } from "../preview/escape.ts";

/** What the variables that a repository names are to the application. */
export interface Environment {
  /** Plain settings, with the values of the sample. */
  env: Record<string, string>;
  /** Names alone. Their values are never taken: in a sample there may be a real one. */
  secrets: string[];
  database: boolean;
  cache: boolean;
  /** Variables of a database or a cache under names that Berth does not give. */
  foreign: string[];
  /** Without a value in the sample. */
  empty: string[];
  /** With a sign in the sample's value that ends a line for some reader of the stack file, or can't be seen. */
  unreadable: string[];
}

const secretName = /(^|_)(KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASS|DSN|CREDENTIALS?)(_|$)|(SECRET|TOKEN|PASSWORD|APIKEY)/i;
const urlWithLogin = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@]*:[^\s/@]+@/i;

/** What Berth sets itself where `database` or `cache` is true. */
const database = /^(POSTGRES_(HOST|PORT|USER|DB|PASSWORD)|DATABASE_URL)(_FILE)?$/;
const cache = /^REDIS_(HOST|PORT|USER|PREFIX|PASSWORD|URL)(_FILE)?$/;
const foreignData = /^(DB|PG|PGSQL|POSTGRESQL|MYSQL|MARIADB|MONGO|POSTGRES|REDIS|VALKEY|DATABASE)_?(URI|URL|DSN|HOST|HOSTNAME|PORT|USER|USERNAME|PASS|PASSWORD|PASSWD|NAME|DB|DATABASE)$/;

/**
 * Sorts what a sample file (`.env.example`) and the image's ENV name.
 *
 * @param sample Text of the sample file, empty for none.
 * @param image Variables of the image: those that look like secrets need a value of their own, the others have one.
 */
export function readEnvironment(sample: string, image: Record<string, string>): Environment {
  const found: Environment = { env: {}, secrets: [], database: false, cache: false, foreign: [], empty: [], unreadable: [] };
  const named = Object.entries(parseEnv(sample)).map(([name, value]) => [name, value ?? "", false] as const);
  const given = Object.entries(image).map(([name, value]) => [name, value, true] as const);
  for (const [name, value, inImage] of [...named, ...given]) {
    if (database.test(name)) found.database = true;
    else if (cache.test(name)) found.cache = true;
    else if (foreignData.test(name)) found.foreign.push(name);
    else if (looksSecret(name, value)) found.secrets.push(name);
    else if (inImage) continue;
    else if (value === "") found.empty.push(name);
    else if (visible(value.replaceAll(/[\n\t]/g, "")) !== value.replaceAll(/[\n\t]/g, "")) found.unreadable.push(name);
    else found.env[name] = value;
  }
  return { ...found, secrets: [...new Set(found.secrets)].toSorted(), foreign: [...new Set(found.foreign)] };
}

/** By its name, or by a value with a login in it. A name that ends in _FILE is a path. */
export function looksSecret(name: string, value: string): boolean {
  return (secretName.test(name) && !name.endsWith("_FILE")) || urlWithLogin.test(value);
}
