import { stripVTControlCharacters } from "node:util";

/** Rows as aligned columns, two spaces apart, without borders: readable, and easy for awk and cut. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => width(cells[column] ?? ""))));
  return lines
    .map((cells) => cells.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell))).join("  ").trimEnd())
    .join("\n");
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** `340 ms`, `2.4 s` or `3 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How old something is: `90 s`, `5 min`, `3 h` or `2 days`. */
export function age(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** Bytes as MiB or GiB. */
export function size(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(mebibytes < 10 ? 1 : 0)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}

/** `12 created, 1 updated`, or `0 changes`. */
export function changesText(changes: Readonly<Record<string, number | undefined>>, planned = false): string {
  const words = Object.entries(planned ? plannedOperations : operations).flatMap(([operation, word]) => {
    const count = changes[operation] ?? 0;
    return count > 0 ? [`${count} ${word}`] : [];
  });
  return words.length === 0 ? "0 changes" : words.join(", ");
}

const operations = { create: "created", update: "updated", replace: "replaced", delete: "deleted" };
const plannedOperations = { create: "to create", update: "to update", replace: "to replace", delete: "to delete" };
