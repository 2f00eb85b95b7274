import { randomBytes } from "node:crypto";
import type { Difference } from "./provider.ts";
import { containsSecret, containsUnknown, equal, isObject, isSecret, plain, secret, type Props, type Value } from "../pulumi/values.ts";

/** What the engine knows of one input. */
export interface Field {
  /** Used when the program gives no value. */
  default?: Value;
  /** Can be changed without a replacement. */
  inPlace?: true;
  /** Filled in by the provider when absent; taking it out of the program changes nothing. */
  computed?: true;
  /** A list in which order does not matter. */
  set?: true;
  required?: true;
  /** The fields of an object, or of each object in a list. */
  fields?: Schema;
}

export type Schema = Record<string, Field>;

const HEX_DIGITS = 7;

/** `<name>-<7 random hex digits>`, Pulumi's automatic name. */
export function autoName(name: string): string {
  return `${name}-${randomBytes(4).toString("hex").slice(0, HEX_DIGITS)}`;
}

/**
 * Fills in defaults as Pulumi's Terraform bridge does and records them in `__defaults`.
 * Throws an error that names every input that is unknown or missing.
 */
export function checkInputs(type: string, schema: Schema, inputs: Props): Props {
  const problems: string[] = [];
  const checked = bubble(fill(schema, inputs, "", problems));
  if (problems.length > 0) {
    throw new Error(`${type}: ${problems.join("; ")}. The embedded engine supports: ${Object.keys(schema).join(", ")}`);
  }
  return checked;
}

/** `checkInputs` for a type that Pulumi names; an automatic name in `old` stays the same. */
export function checkNamed(type: string, schema: Schema, name: string, given: Props, old: Props | undefined): Props {
  const inputs = checkInputs(type, schema, given);
  if (inputs["name"] !== undefined) {
    return inputs;
  }
  const defaults = old?.["__defaults"];
  const kept = Array.isArray(defaults) && defaults.includes("name") ? old?.["name"] : undefined;
  const names = Array.isArray(inputs["__defaults"]) ? inputs["__defaults"] : [];
  return { ...inputs, name: kept ?? autoName(name), __defaults: [...names, "name"].map(String).sort() };
}

/** An input that holds a secret anywhere becomes secret as a whole, as the bridge has it. */
function bubble(inputs: Props): Props {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, containsSecret(value) ? secret(plain(value)) : value]));
}

function fill(schema: Schema, inputs: Props, path: string, problems: string[]): Props {
  const result: Props = {};
  const defaults: string[] = [];
  for (const [key, value] of Object.entries(inputs)) {
    const field = schema[key];
    if (field === undefined) {
      problems.push(`input ${path}${key} is not supported`);
    } else if (value !== null) {
      result[key] = fillValue(field, value, `${path}${key}`, problems);
    }
  }
  for (const [key, field] of Object.entries(schema)) {
    if (result[key] === undefined && field.default !== undefined && !isZero(field.default)) {
      result[key] = field.default;
      defaults.push(key);
    }
    if (result[key] === undefined && field.required) {
      problems.push(`input ${path}${key} is missing`);
    }
  }
  return { __defaults: defaults.sort(), ...result };
}

function fillValue(field: Field, value: Value, path: string, problems: string[]): Value {
  const { fields } = field;
  if (isSecret(value)) {
    return secret(fillValue(field, value["value"] ?? null, path, problems));
  }
  if (fields === undefined) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => fillValue(field, item, `${path}[${index}]`, problems));
  }
  return isObject(value) ? fill(fields, value, `${path}.`, problems) : value;
}

/** `inputs` with every default in its place, as outputs have them: inputs leave those out that are zero. */
export function withDefaults(schema: Schema, inputs: Props): Props {
  const defaults = Object.entries(schema).filter(([key, field]) => inputs[key] === undefined && field.default !== undefined);
  const given = Object.entries(inputs).map(([key, value]) => [key, defaultsWithin(schema[key]?.fields, value)]);
  return Object.fromEntries([...given, ...defaults.map(([key, field]) => [key, field.default ?? null])]) as Props;
}

function defaultsWithin(fields: Schema | undefined, value: Value): Value {
  if (fields === undefined) {
    return value;
  }
  return Array.isArray(value) ? value.map((item) => defaultsWithin(fields, item)) : isObject(value) ? withDefaults(fields, value) : value;
}

/** Compares inputs the way the Terraform provider compares state with configuration. */
export function diffInputs(schema: Schema, old: Props, inputs: Props): Difference {
  const difference: Difference = { changed: [], replace: [] };
  for (const [key, field] of Object.entries(schema)) {
    const next = normal(field, inputs[key]);
    if ((next === undefined && field.computed) || (equal(next, normal(field, old[key])) && !containsUnknown(next))) {
      continue;
    }
    difference.changed.push(key);
    if (!field.inPlace) {
      difference.replace.push(key);
    }
  }
  return difference;
}

/** A form in which equal settings look the same: zero values are absent, sets are sorted, no bookkeeping. */
function normal(field: Field, value: Value | undefined): Value | undefined {
  if (value === undefined || isZero(value)) {
    return undefined;
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(withoutOrder(field), item) ?? item);
    if (field.set) {
      items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    }
    return items.length === 0 ? undefined : items;
  }
  if (isObject(value)) {
    const entries = Object.entries(value)
      .filter(([key]) => key !== "__defaults")
      .map(([key, item]) => [key, normal(field.fields?.[key] ?? {}, item)] as const)
      .filter((entry): entry is [string, Value] => entry[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value;
}

function withoutOrder({ set: _set, ...field }: Field): Field {
  return field;
}

function isZero(value: Value): boolean {
  return value === null || value === "" || value === false || value === 0;
}
