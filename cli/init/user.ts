export interface ImageUser {
  /** Ids that it runs as; 0 for root. */
  user: number;
  group: number;
}

/**
 * Who an image's program runs as, as the engine finds it: names in the image's own /etc/passwd and /etc/group; without a
 * group the user's own, and 0 for a number that is not there. Undefined for a name that is not there, which no engine starts.
 *
 * @example
 * userOf("app", "app:x:1234:1235::/home/app:/bin/sh\n", ""); // { user: 1234, group: 1235 }
 * userOf("1001:0", "", ""); // { user: 1001, group: 0 }
 */
export function userOf(named: string, passwd: string, groups: string): ImageUser | undefined {
  const [name = "", groupName] = named === "" ? ["0"] : named.split(":");
  const entry = rows(passwd).find(([login]) => login === name) ?? rows(passwd).find(([, , id]) => id === name);
  const user = idOf(entry?.[2] ?? name);
  const group = groupName === undefined || groupName === "" ? idOf(entry?.[3] ?? "0") : idOf(rows(groups).find(([title]) => title === groupName)?.[2] ?? groupName);
  return user === undefined || group === undefined ? undefined : { user, group };
}

function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.split(":"));
}

function idOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= 2 ** 31 - 2 ? Number(text) : undefined;
}
