import type { Environment, Unset } from "./environment.ts";

/** What is said of the variables that are not set, by the reason. */
const reasons: Partial<Record<Unset, (names: string) => string>> = {
  inImage: (names) => `the image sets ${names} itself, to other values than the sample: the image's count. Others go into env of the stack file`,
  development: (names) => `${names}: values for a developer's machine are not taken over. Set them in env of the stack file where the application needs them`,
  empty: (names) => `${names} have no value in the sample: set them in the stack file where they are needed`,
  refers: (names) => `${names} are made of other variables in the sample: set them in env of the stack file, with the values in them`,
  unreadable: (names) => `${names} have signs in the sample that end a line or can't be seen: they are not taken over`,
  build: (names) => `${names} are read when the image is built, and the Dockerfile has no ARG for them or they look like secrets: add the ARG, and the value to buildArgs of app.ts`,
};

/** What only the owner of an application can know of its variables, a line each. */
export function environmentLines({ secrets, optional, derived, database, cache, prefixed, volumes, unset }: Environment): string[] {
  const made = Object.entries(derived).map(([name, text]) => (text === `\${${name}}` ? name : `${name} from ${text}`));
  return [
    ...(secrets.length > 0 ? [`secrets: ${secrets.join(", ")}. dev generates them; elsewhere, and where they must be certain values, ./berth secret set sets them`] : []),
    ...(optional.length > 0 ? [`secrets that are unset until ./berth secret set sets them: ${optional.join(", ")}`] : []),
    ...(database ? ["it takes POSTGRES_HOST, _PORT, _USER, _DB, _PASSWORD or DATABASE_URL as Berth sets them; migrations are `jobs`"] : []),
    ...(cache ? ["it logs in to Redis as REDIS_USER with REDIS_PASSWORD, or by REDIS_URL"] : []),
    ...(cache ? [prefixed ? "its keys in Redis begin with the prefix that Berth sets" : "no variable says how its keys in Redis begin, and they must begin with REDIS_PREFIX: Redis answers NOPERM else. Where it can't be told, `allKeys: true` under unprepared in app.ts gives it the keys of all applications"] : []),
    ...(made.length > 0 ? [`Berth sets under its names: ${made.join(", ")}`] : []),
    ...(volumes.length > 0 ? [`its SQLite database is in ${volumes.join(", ")}, a volume: there is one replica, and no rollback of data`] : []),
    ...Object.entries(unset).flatMap(([reason, names]) => told(reason as Unset, names)),
  ];
}

function told(reason: Unset, names: readonly string[]): string[] {
  const say = reasons[reason];
  if (say !== undefined) return [say(names.join(", "))];
  const what = reason.slice("other ".length);
  return [`${names.join(", ")}: it wants ${what}, which Berth does not have. Run ${what} elsewhere, set these variables (./berth secret set, or env of the stack file), and \`egress: true\` in app.ts where it is outside the stack`];
}
