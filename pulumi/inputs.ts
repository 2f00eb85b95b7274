import { isObject, textOf, type Props, type Value } from "./values.ts";

/** The objects of a list; none where it is no list. */
export function objects(value: Value | undefined): Props[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A text; undefined where it is empty or something else. */
export function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A list as texts; undefined where it is empty or no list. */
export function texts(value: Value | undefined): string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

export function number(value: Value | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** An object as a map of texts, without the bookkeeping of defaults; undefined where it is no object. */
export function strings(value: Value | undefined): Record<string, string> | undefined {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== "__defaults").map(([key]) => [key, textOf(value, key)])) : undefined;
}
