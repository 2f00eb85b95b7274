import { codeSpan, fenceFor } from "./escape.ts";
import { isNothing, type PartPreview, type Preview } from "./preview.ts";
import { rawDiff } from "./raw.ts";
import type { Text } from "./said.ts";
import { counts, happening, sections, verdict } from "./words.ts";

/** What GitHub takes as one comment is 65,536 characters; the rest is for the line that marks it. */
export const commentLimit = 65_000;

/** Left for the raw diff's fold where it is cut to nothing. */
const foldRoom = 600;

/**
 * The preview as a comment that a reviewer can decide from: verdict, a table by application, details, and the engine's
 * diff in a fold. What does not fit is cut, and said so.
 *
 * @param limit Characters. @default commentLimit
 */
export function renderMarkdown(preview: Preview, limit = commentLimit): string {
  const title = `## Preview of ${codeSpan(preview.stack)}`;
  if (isNothing(preview)) return `${title}\n\n**Nothing changes.** The stack is as the program and its stack file say.\n`;
  const lines = [
    title,
    "",
    ...verdict(preview).flatMap(({ sentence, reasons }) => [`**${sentence}**`, "", ...(reasons.length === 0 ? [] : [...reasons.map((reason) => `- ${markdown(reason)}`), ""])]),
    `${counts(preview)}, by the ${preview.engine === "pulumi" ? "Pulumi CLI" : "embedded engine"}.`,
    "",
    "| | what happens | can a request fail? | is data touched? |",
    "|---|---|---|---|",
    ...preview.parts.map(row),
  ];
  for (const { title: name, items } of sections(preview)) {
    lines.push("", `### ${markdown(name)}`, "");
    for (const { label, lines: told } of items) {
      if (told.length === 1) lines.push(`- ${label}: ${markdown(told[0] ?? [])}`);
      else lines.push(`- ${label}:`, ...told.map((line) => `  - ${markdown(line)}`));
    }
  }
  const whole = cut(lines, limit - foldRoom, (left) => `\n… ${left} more lines do not fit into a comment: \`./berth preview -s ${preview.stack}\` prints all.`);
  return `${whole}\n\n${fold(preview, limit - whole.length - 3)}\n`;
}

function row(part: PartPreview): string {
  return `| ${codeSpan(part.name, true)} | ${cell(happening(part))} | ${answer(part.requests.happens)} | ${answer(part.data.happens)} |`;
}

function answer(happens: boolean): string {
  return happens ? "**yes**" : "no";
}

/** Words with names among them; a cell is one line without markup. */
function cell(text: string): string {
  return text.replaceAll(/[^\w\s,;:()./-]/g, " ").replaceAll("_", String.raw`\_`);
}

export function markdown(text: Text): string {
  return text.map((part) => (typeof part === "string" ? part : codeSpan(part.code))).join("");
}

function fold({ steps }: Preview, room: number): string {
  const lines = rawDiff(steps);
  const fence = fenceFor(lines);
  const open = `<details><summary>The engine's diff, ${steps.length} resources</summary>\n\n${fence}diff\n`;
  const close = `\n${fence}\n\n</details>`;
  const told = cut(lines, room - open.length - close.length, (left) => `… ${left} more lines do not fit into a comment`);
  return `${open}${told}${close}`;
}

/** As many lines as fit, and how many were left out. */
function cut(lines: readonly string[], room: number, sentence: (left: number) => string): string {
  const whole = lines.join("\n");
  if (whole.length <= room) return whole;
  const left = room - sentence(lines.length).length - 1;
  let [length, count] = [0, 0];
  for (const line of lines) {
    if (length + line.length + 1 > left) break;
    length += line.length + 1;
    count += 1;
  }
  return [...lines.slice(0, count), sentence(lines.length - count)].join("\n");
}
