/**
 * Property values as Pulumi sends them: JSON, in which a secret is an object with a signature
 * and an unknown value (previews only) is one well-known string.
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Props = Record<string, Value>;

/** Marks an object that Pulumi has put in the place of a value, such as a secret. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Stands for a value that a preview cannot know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Value | undefined): value is Record<string, Value> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function secret(value: Value): Value {
  return { [SIGNATURE]: SECRET, value };
}

export function isSecret(value: Value | undefined): value is Record<string, Value> {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

/** Applies `change` to each secret in `value`, outermost first; everything else is copied as it is. */
export function mapSecrets(value: Value, change: (secret: Record<string, Value>) => Value): Value {
  if (isSecret(value)) {
    return change(value);
  }
  if (Array.isArray(value)) {
    return value.map((item) => mapSecrets(item, change));
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapSecrets(item, change)]));
  }
  return value;
}

/** The value without secret wrappers, for providers. */
export function plain(value: Value): Value {
  return mapSecrets(value, (found) => plain(found["value"] ?? null));
}

export function plainProps(props: Props): Props {
  return plain(props) as Props;
}

export function containsSecret(value: Value | undefined): boolean {
  return some(value, isSecret);
}

export function containsUnknown(value: Value | undefined): boolean {
  return some(value, (item) => item === UNKNOWN);
}

function some(value: Value | undefined, test: (value: Value) => boolean): boolean {
  if (value === undefined) {
    return false;
  }
  if (test(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some((item) => some(item, test));
  }
  return isObject(value) && Object.values(value).some((item) => some(item, test));
}

/** The text at `key`; empty when there is none. Numbers and booleans are written out. */
export function textOf(props: Props, key: string): string {
  const value = props[key];
  return typeof value === "object" || value === undefined ? "" : String(value);
}

/** Deep equality of JSON values; the order of keys does not matter. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) {
    return true;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
  }
  return false;
}

/** A short text for people: secrets as `[secret]`, unknowns as `[unknown]`, at most 80 characters. */
export function show(value: Value | undefined): string {
  if (value === undefined) {
    return "(none)";
  }
  const masked = mask(value);
  const text = JSON.stringify(masked);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The value with each secret replaced by `[secret]` and each unknown by `[unknown]`. */
export function mask(value: Value): Value {
  const hidden = mapSecrets(value, () => "[secret]");
  return showUnknown(hidden);
}

/** The value with `[unknown]` for what a preview cannot know. */
export function showUnknown(value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll(UNKNOWN, "[unknown]")) as Value;
}

/** Marks each output as secret whose input of the same name holds a secret, and each one in `names`. */
export function markSecrets(outputs: Props, inputs: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => {
      const hide = names.includes(key) || containsSecret(inputs[key]);
      return [key, hide && !isSecret(value) ? secret(plain(value)) : value];
    }),
  );
}

/** The value without the bookkeeping of defaults, which belongs to inputs only. */
export function withoutDefaults(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(withoutDefaults);
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([key]) => key !== "__defaults");
    return Object.fromEntries(entries.map(([key, item]) => [key, withoutDefaults(item)]));
  }
  return value;
}
