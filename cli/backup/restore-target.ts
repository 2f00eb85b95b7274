import { usageError } from "../exit.ts";

/** What is restored: the state at a time, at the end of one backup, or the newest that the repository has. */
export type RestoreTarget = { to: string } | { set: string } | "newest";

const label = /^\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?$/;
const snapshotId = /^[0-9a-f]{8}$/;

/**
 * Reads the options of `berth restore`. A time without a zone is UTC, which everything here is shown in.
 *
 * @param of What `--set` names: a backup of Postgres, or a snapshot of Redis or a volume.
 * @throws OpsError (2) for both at once, no time, or no label.
 */
export function restoreTarget({ to, set }: { to?: string | undefined; set?: string | undefined }, of: "backup" | "snapshot" = "backup"): RestoreTarget {
  if (to !== undefined && set !== undefined) throw usageError("--to and --set are two ways of saying what is restored: give one of them");
  if (set !== undefined) {
    const [form, what] = of === "backup" ? [label, "a label as ./berth backup list shows it, for example 20250301-023000F"] : [snapshotId, "a snapshot as ./berth backup list shows it, for example 1f3a9c07"];
    if (form.test(set)) return { set };
    throw usageError(`--set is "${set}", but must be ${what}`);
  }
  if (to === undefined) return "newest";
  const [, date, time, zone = ""] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/.exec(to) ?? [];
  const offset = zone === "" || zone === "Z" || zone === "UTC" ? "+00:00" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
  if (date === undefined || time === undefined || Number.isNaN(Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}${offset}`))) {
    throw usageError(`--to is "${to}", but must be a time: "2025-03-01 09:30:00", in UTC, or with a zone, "2025-03-01 10:30:00+01:00"`);
  }
  return { to: `${date} ${time.length === 5 ? `${time}:00` : time}${offset}` };
}

/** Arguments of `pgbackrest restore`. The restored server stops at the target and waits there, read-only. */
export function restoreArguments(target: RestoreTarget): string[] {
  if (target === "newest") return ["--type=standby"];
  if ("to" in target) return ["--type=time", `--target=${target.to}`, "--target-action=pause"];
  return ["--type=immediate", `--set=${target.set}`, "--target-action=pause"];
}

export function describeTarget(target: RestoreTarget): string {
  if (target === "newest") return "the newest state that the repository has";
  return "to" in target ? `the state at ${target.to}` : `the state at the end of ${target.set}`;
}
