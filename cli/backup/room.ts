import type { Backup } from "./list.ts";
import type { RestoreTarget } from "./restore-target.ts";

/** What must stay free beside what is written: the log that is read again, and room for what runs there meanwhile. Bytes. */
const reserve = 128 * 2 ** 20;

/** Bytes that a restore writes: the database as it was in the backup that it begins with. Undefined where there is none. Pure. */
export function neededFor(target: RestoreTarget, backups: readonly Backup[]): number | undefined {
  const begun = (ended: string) => typeof target === "object" && "to" in target && Date.parse(ended) > Date.parse(target.to.replace(" ", "T"));
  const usable = typeof target === "object" && "set" in target ? backups.filter(({ label }) => label === target.set) : backups.filter(({ ended }) => !begun(ended));
  return usable.at(-1)?.databaseBytes;
}

/**
 * Lines of a shell that end it with what is missing where a directory's disk has not the room for `kilobytes`, which may be
 * an expression of the shell. A disk that is full stops whatever else is on it.
 */
export function roomFor(directory: string, kilobytes: number | string): string[] {
  return [
    `need=$((${kilobytes} + ${reserve / 1024}))`,
    `free=$(df -Pk ${directory} | awk 'NR == 2 { print $4 }')`,
    `[ "$free" -ge "$need" ] || { echo "too little disk: $((need / 1024)) MiB are needed, and $((free / 1024)) MiB are free; nothing was written. Free some: docker system df" >&2; exit 75; }`,
  ];
}
