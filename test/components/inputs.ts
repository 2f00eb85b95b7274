/** Paths below `value` whose text contains `text`. */
export function pathsOf(value: unknown, text: string, path: string[] = []): string[] {
  if (typeof value === "string") return value.includes(text) ? [path.join(".")] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, text, [...path, key]));
}
