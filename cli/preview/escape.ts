/** A text is shown up to so many characters. */
const longest = 300;

// Control characters, line ends, and what turns the direction of text.
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const invisible = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]+/g;

/** A line without what a terminal would obey, or an eye not see. */
export function visible(line: string): string {
  return line.replaceAll(invisible, " ");
}

/** A value of JSON as a literal of TypeScript: what {@link visible} takes out is written as an escape. */
export function codeLiteral(value: unknown): string {
  return JSON.stringify(value).replaceAll(invisible, (signs) => Array.from({ length: signs.length }, (_, at) => `\\u${signs.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""));
}

/** Text from outside as one line that a terminal shows as it is. */
export function plainLine(text: string): string {
  const line = visible(text).trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

/**
 * Text from outside as a code span of Markdown: no HTML, link, mention, reference or emphasis in it works, and it can't
 * end its span. In a table's cell a bar is escaped, which GitHub takes out again.
 *
 * @example
 * codeSpan("a `b` @acme/ops"); // ``a `b` @acme/ops``
 */
export function codeSpan(text: string, inTable = false): string {
  const line = plainLine(text);
  if (line === "") return "(empty)";
  const fence = "`".repeat(longestRun(line) + 1);
  const padded = line.startsWith("`") || line.endsWith("`") ? ` ${line} ` : line;
  const span = `${fence}${padded}${fence}`;
  return inTable ? span.replaceAll("|", String.raw`\|`) : span;
}

/** The fence of a code block that nothing in the lines can close. */
export function fenceFor(lines: readonly string[]): string {
  return "`".repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)));
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
}
