/** Words of Berth's own, and text from outside, which each renderer shows in a way that it stays text. */
export type Text = readonly (string | { readonly code: string })[];

/**
 * A sentence with names in it.
 *
 * @example
 * said`the volume ${name} is new`; // ["the volume ", { code: "shop-data" }, " is new"]
 */
export function said(words: TemplateStringsArray, ...names: readonly string[]): Text {
  return words.flatMap((word, index): Text => (index < names.length ? [word, { code: names[index] ?? "" }] : [word]));
}

export const code = (text: string): { code: string } => ({ code: text });

/** Without any mark, for JSON and for comparing. */
export function unmarked(text: Text): string {
  return text.map((part) => (typeof part === "string" ? part : part.code)).join("");
}

/** Entries of one list that are shown; the JSON has all. */
const most = 20;

export function limited(lines: Text[]): Text[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), [`and ${lines.length - most} more, which ./berth preview --json lists`]];
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
