import { usageError } from "../exit.ts";

const units = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/**
 * The moment that `--since` names, in seconds since 1970: so long ago (`90s`, `10m`, `1h30m`, `2d`), a date or time (of this
 * machine's time zone where it names none), or those seconds themselves.
 *
 * @param now In milliseconds since 1970.
 * @throws OpsError (2) with what is allowed.
 */
export function sinceOf(text: string, now = Date.now()): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)];
  if (parts.length > 0 && parts.map(([whole]) => whole).join("") === text) {
    return now / 1000 - parts.reduce((total, [, count = "", unit = "s"]) => total + Number(count) * units[unit as keyof typeof units], 0);
  }
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Number(text);
  // A date alone would be taken for UTC.
  const time = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(time)) throw usageError(`--since is "${text}", but must be how long ago (90s, 10m, 1h30m, 2d), a time (2026-12-01T08:30, 2026-12-01T08:30:00Z, 2026-12-01) or seconds since 1970`);
  return time / 1000;
}
