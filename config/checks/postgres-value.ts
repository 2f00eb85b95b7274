/** What Postgres takes as the value of a setting: words, on or off, or a number with its unit and bounds. */
export type Allowed = readonly string[] | "on or off" | { type: "integer" | "real"; unit?: string; min: number; max?: number };

/** Units in which a number may be written, in bytes or in milliseconds. */
const sizes: Record<string, number> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const times: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** What is allowed instead of a value; undefined where Postgres takes it. */
export function notAllowed(allowed: Allowed, value: unknown): string | undefined {
  if (allowed === "on or off") return typeof value === "boolean" || value === "on" || value === "off" ? undefined : allowed;
  if (Array.isArray(allowed)) return allowed.includes(wordOf(value)) ? undefined : `one of ${allowed.join(", ")}`;
  const { type, unit, min, max = Infinity } = allowed as Exclude<Allowed, string | readonly string[]>;
  const number = inUnit(value, unit);
  const fits = number !== undefined && number >= min && number <= max && (type === "real" || unit !== undefined || Number.isInteger(number));
  if (fits) return undefined;
  const bounds = `${type === "real" || unit !== undefined ? "a number" : "a whole number"} from ${min}${max === Infinity ? "" : ` to ${max}`}`;
  if (unit === undefined) return bounds;
  return `${bounds}, in units of ${unit}, or with a unit, for example ${multiplier(unit).table === sizes ? "16MB" : "30s"}`;
}

/** Bytes of a value of a setting whose unit is one of memory; undefined of any other. */
export function bytesOf(allowed: Allowed | undefined, value: unknown): number | undefined {
  if (allowed === undefined || typeof allowed !== "object" || !("unit" in allowed) || allowed.unit === undefined) return undefined;
  const { factor, table } = multiplier(allowed.unit);
  const number = inUnit(value, allowed.unit);
  return table === sizes && number !== undefined ? number * factor : undefined;
}

/** A number in the setting's own unit, of one or of text such as `16MB`. */
function inUnit(value: unknown, unit?: string): number | undefined {
  if (typeof value === "number") return value;
  const [, digits = "", given = ""] = typeof value === "string" ? (/^(-?\d+(?:\.\d+)?) ?([a-zA-Z]*)$/.exec(value) ?? []) : [];
  if (digits === "") return undefined;
  if (given === "") return Number(digits);
  const { factor, table } = multiplier(unit);
  const other = table?.[given];
  return other === undefined ? undefined : (Number(digits) * other) / factor;
}

/** `8kB` is 8192 bytes. */
function multiplier(unit = ""): { factor: number; table?: Record<string, number> } {
  const [, count = "", name = ""] = /^(\d*)([a-zA-Z]+)$/.exec(unit) ?? [];
  const table = name in sizes ? sizes : name in times ? times : undefined;
  return { factor: Number(count || 1) * (table?.[name] ?? 1), ...(table !== undefined && { table }) };
}

/** `true` is the word `on`, where words are asked for. */
function wordOf(value: unknown): string {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}
