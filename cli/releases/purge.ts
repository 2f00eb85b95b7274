import type { Release } from "../../components/release/release-record.ts";
import type { Option } from "../arguments.ts";
import { usageError } from "../exit.ts";

export const purgeOption: Option = { type: "string", value: "<keys>", help: "take the older values of these secrets out of the records of releases, for example root:API_KEY; with commas between" };

/**
 * The keys that are named, each of which some release must have.
 *
 * @throws OpsError (2) naming those that the releases have.
 */
export function purgeKeys(stack: string, given: string | undefined, releases: readonly Release[]): string[] {
  const keys = (given ?? "").split(",").filter((key) => key !== "");
  const known = [...new Set(releases.flatMap(({ secrets }) => Object.keys(secrets)))].toSorted();
  const unknown = keys.filter((key) => !known.includes(key));
  if (unknown.length > 0) throw usageError(`--purge-secret names ${unknown.join(", ")}, but no release of stack "${stack}" has such a secret: they have ${known.join(", ") || "none"}`);
  return keys;
}

/** What was taken out, in words. */
export function purgeNote(keys: readonly string[], before: readonly Release[], after: readonly Release[]): string[] {
  return keys.map((key) => {
    const left = having(key, after);
    const gone = [...having(key, before)].filter((number) => !left.has(number) && after.some((release) => release.number === number));
    return gone.length > 0 ? `${key}: its older values are out of the releases ${gone.join(", ")}` : `${key}: no release has another value than the one that runs: ./berth secret ${key} sets another first`;
  });
}

/** Numbers of the releases that have a value of it. */
function having(key: string, releases: readonly Release[]): Set<number> {
  return new Set(releases.flatMap(({ number, secrets }) => (secrets[key] === undefined ? [] : [number])));
}
