import { codeSpan, fenceFor } from "./escape.ts";
import { isNothing, type PartPreview, type Preview } from "./model.ts";
import { rawDiff } from "./raw.ts";
import type { Text } from "./said.ts";
import { acceptedLines, counts, handSection, happening, type Section, sections, verdict } from "./words.ts";

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
  const more = moreOf(preview.stack);
  if (isNothing(preview)) return `${cut([title, "", nothing(preview), ...handSection(preview).flatMap(sectionLines)], limit - 1, more)}\n`;
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
  lines.push(...sections(preview).flatMap(sectionLines));
  const accepted = acceptedFold(preview);
  const whole = cut(lines, limit - foldRoom - accepted.length, more);
  return `${whole}\n\n${fold(preview, limit - whole.length - accepted.length - 3)}${accepted}\n`;
}

function nothing({ byHand }: Preview): string {
  if ("unknown" in byHand) return "**The program changes nothing.** It and its stack file are as at the last update.";
  return byHand.length === 0 ? "**Nothing changes.** The stack is as the program and its stack file say." : "**The program changes nothing.** What was changed by hand is put right.";
}

function sectionLines({ title, items }: Section): string[] {
  const lines = items.flatMap(({ label, lines: told }) =>
    told.length === 1 ? [`- ${markdown([label])}: ${markdown(told[0] ?? [])}`] : [`- ${markdown([label])}:`, ...told.map((line) => `  - ${markdown(line)}`)],
  );
  return ["", `### ${markdown(title)}`, "", ...lines];
}

/** The sentence below a comment that was cut. */
export function moreOf(stack: string): (left: number) => string {
  return (left) => `\n… ${left} more lines do not fit into a comment: \`./berth preview -s ${stack}\` prints all.`;
}

function acceptedFold(preview: Preview): string {
  const accepted = acceptedLines(preview);
  if (accepted.length === 0) return "";
  return `\n\n<details><summary>Accepted by the policy</summary>\n\n${accepted.map((line) => `- ${markdown(line)}`).join("\n")}\n\n</details>`;
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
export function cut(lines: readonly string[], room: number, sentence: (left: number) => string): string {
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
