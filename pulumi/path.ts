import { equal, isObject, type Props, type Value } from "./values.ts";

type Segment = string | number;

/** Splits a property path such as `labels[0].value` or `tags["a.b"]`. */
export function parsePath(path: string): Segment[] {
  const segments: Segment[] = [];
  for (const [, name, index, quoted] of path.matchAll(/([^.[\]]+)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]/g)) {
    if (name !== undefined) {
      segments.push(name);
    } else if (quoted !== undefined) {
      segments.push(quoted.replaceAll('\\"', '"'));
    } else if (index !== undefined) {
      segments.push(index === "*" ? "*" : Number(index));
    }
  }
  return segments;
}

/** `inputs` with the value at each path set back to what it is in `old`. `*` is every input. */
export function ignoreChanges(paths: readonly string[], old: Props, inputs: Props): Props {
  return paths.reduce<Props>((result, path) => (path === "*" ? old : (reset(parsePath(path), old, result) as Props)), inputs);
}

function reset(path: readonly Segment[], old: Value | undefined, next: Value | undefined): Value | undefined {
  const [first, ...rest] = path;
  if (first === undefined) {
    return old;
  }
  if (first === "*" && Array.isArray(next)) {
    return next.map((item, index) => reset(rest, Array.isArray(old) ? old[index] : undefined, item) ?? item);
  }
  if (typeof first === "number") {
    return Array.isArray(next) && Array.isArray(old) ? next.map((item, index) => (index === first ? (reset(rest, old[index], item) ?? item) : item)) : next;
  }
  if (!isObject(next) || !isObject(old)) {
    return next;
  }
  const { [first]: current, ...others } = next;
  const value = reset(rest, old[first], current);
  return value === undefined ? others : { ...others, [first]: value };
}

/** Whether what is at `path` differs between the two. `*` is anything. */
export function changedAt(path: string, old: Props, inputs: Props): boolean {
  return path === "*" || !equal(valueAt(parsePath(path), old), valueAt(parsePath(path), inputs));
}

function valueAt(path: readonly Segment[], value: Value | undefined): Value | undefined {
  const [first, ...rest] = path;
  if (first === undefined || value === undefined) {
    return value;
  }
  if (Array.isArray(value)) {
    return first === "*" ? value.map((item) => valueAt(rest, item) ?? null) : typeof first === "number" ? valueAt(rest, value[first]) : undefined;
  }
  return isObject(value) ? valueAt(rest, value[first]) : undefined;
}
