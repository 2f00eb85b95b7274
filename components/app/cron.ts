/** A cron expression as supercronic reads it. */
export interface Cron {
  seconds: Set<number>;
  minutes: Set<number>;
  hours: Set<number>;
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
  /** Undefined for every year. */
  years: Set<number> | undefined;
  /** Both day fields are given: either is enough. */
  either: boolean;
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const names: Record<string, string> = { "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *" };
const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * Reads `minute hour day-of-month month day-of-week`, each of numbers, names, `*`, lists, ranges and steps; six fields
 * have a year at their end, and seven seconds before them. `@daily` and its like are taken too.
 *
 * @throws Error naming the field, what it is and what is allowed.
 *
 * @example
 * nextTime(parseCron("15 3 * * MON-FRI"), "Europe/Vienna", Date.now());
 */
export function parseCron(text: string): Cron {
  const fields = (names[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length < 5 || fields.length > 7) {
    throw new Error(`"${text}" has ${fields.length} fields; allowed: five, minute, hour, day of month, month and day of week, for example "15 3 * * *"`);
  }
  const all = [...(fields.length === 7 ? [] : ["0"]), ...fields, ...(fields.length === 5 ? ["*"] : [])];
  const [second = "", minuteOf = "", hour = "", date = "", month = "", weekday = "", year = ""] = all;
  const week = valuesOf("day of week", weekday, 0, 7, weekdays);
  return {
    seconds: valuesOf("second", second, 0, 59),
    minutes: valuesOf("minute", minuteOf, 0, 59),
    hours: valuesOf("hour", hour, 0, 23),
    days: valuesOf("day of month", date, 1, 31),
    months: valuesOf("month", month, 1, 12, months),
    weekdays: new Set([...week].map((value) => value % 7)),
    years: year === "*" ? undefined : valuesOf("year", year, 1970, 2099),
    either: !/^[*?]/.test(date) && !/^[*?]/.test(weekday),
  };
}

function valuesOf(field: string, text: string, min: number, max: number, names: string[] = []): Set<number> {
  const wrong = (part: string) => new Error(`the ${field} is "${part}"; allowed: * or ${min} to ${max}${names.length > 0 ? ` or ${names[0]} to ${names.at(-1)}` : ""}, with lists 1,2, ranges 1-5 and steps */2`);
  const number = (word: string) => {
    const named = names.indexOf(word.toUpperCase());
    const value = named === -1 ? Number(word) : named + min;
    if (word === "" || !Number.isInteger(value) || value < min || value > max) throw wrong(text);
    return value;
  };
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...more] = part.split("/");
    const [from = "", to, ...rest] = range === "*" || range === "?" ? [String(min), String(max)] : range.split("-");
    if (more.length > 0 || rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) throw wrong(text);
    const first = number(from);
    const last = to === undefined ? (step === undefined ? first : max) : number(to);
    if (last < first) throw wrong(text);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

/**
 * The next time after `after` at which it is due, in milliseconds since 1970; undefined where there is none in ten
 * years. A time that summer time leaves out is taken as much later as the clock was put forward.
 */
export function nextTime(cron: Cron, timeZone: string, after: number): number | undefined {
  const clock = clockOf(timeZone);
  // The reading of the clock on the wall, as if it were UTC: its fields are easy to step through.
  let wall = Math.floor(clock(after) / 1000) * 1000 + 1000;
  const end = wall + 3660 * day;
  while (wall < end) {
    const at = new Date(wall);
    if ((cron.years !== undefined && !cron.years.has(at.getUTCFullYear())) || !cron.months.has(at.getUTCMonth() + 1)) wall = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
    else if (!onDay(cron, at)) wall = Math.floor(wall / day) * day + day;
    else if (!cron.hours.has(at.getUTCHours())) wall = Math.floor(wall / (60 * minute)) * 60 * minute + 60 * minute;
    else if (!cron.minutes.has(at.getUTCMinutes())) wall = Math.floor(wall / minute) * minute + minute;
    else if (!cron.seconds.has(at.getUTCSeconds())) wall += 1000;
    else {
      const time = timeOf(clock, wall);
      if (time > after) return time;
      wall += 1000;
    }
  }
  return undefined;
}

function onDay({ days, weekdays: week, either }: Cron, at: Date): boolean {
  const [inMonth, inWeek] = [days.has(at.getUTCDate()), week.has(at.getUTCDay())];
  return either ? inMonth || inWeek : inMonth && inWeek;
}

/** What a clock of the zone shows at a time. */
function clockOf(timeZone: string): (time: number) => number {
  const format = formatOf(timeZone);
  return (time) => {
    const read = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day: date = 1, hour = 0, minute: minutes = 0, second = 0 } = read;
    return Date.UTC(year, month - 1, date, hour, minutes, second);
  };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Made once: that takes longer than its use. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const parts: Intl.DateTimeFormatOptions = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" };
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", era: "short", ...parts });
  formats.set(timeZone, format);
  return format;
}

/** The first time at which the clock shows this. */
function timeOf(clock: (time: number) => number, wall: number): number {
  const before = wall - (clock(wall - day) - (wall - day));
  if (clock(before) === wall) return before;
  const after = wall - (clock(wall + day) - (wall + day));
  return clock(after) === wall ? after : before;
}
