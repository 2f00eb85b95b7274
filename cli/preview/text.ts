import { table } from "../table.ts";
import { plainLine } from "./escape.ts";
import { isNothing, type Preview } from "./model.ts";
import type { Text } from "./said.ts";
import { acceptedLines, counts, handSection, happening, type Section, sections, verdict } from "./words.ts";

/** The preview for a terminal; `bold` marks the verdict. Its last line is the counts. */
export function renderText(preview: Preview, bold: (text: string) => string = (text) => text): string {
  if (isNothing(preview)) return [...blocksOf(handSection(preview)), counts(preview)].join("\n\n");
  const said = verdict(preview).flatMap(({ sentence, reasons }) => [bold(sentence), ...reasons.map((reason) => `  ${plain(reason)}`)]);
  const rows = preview.parts.map((part) => [plainLine(part.name), yes(part.requests.happens), yes(part.data.happens), plainLine(happening(part))]);
  const accepted = acceptedLines(preview);
  const blocks = blocksOf([...sections(preview), ...(accepted.length === 0 ? [] : [{ title: ["Accepted by the policy"], items: [{ label: "exceptions", lines: accepted }] }])]);
  return [said.join("\n"), table(["PART", "REQUESTS CAN FAIL", "DATA TOUCHED", "WHAT HAPPENS"], rows), ...blocks, counts(preview)].join("\n\n");
}

function blocksOf(all: readonly Section[]): string[] {
  return all.map(({ title, items }) => {
    const labels = items.map(({ label }) => plain([label]));
    const width = Math.max(...labels.map((label) => label.length));
    const lines = items.flatMap(({ lines: told }, item) => told.map((line, index) => `  ${(index === 0 ? (labels[item] ?? "") : "").padEnd(width)}  ${plain(line)}`));
    return [plain(title), ...lines].join("\n");
  });
}

function yes(happens: boolean): string {
  return happens ? "yes" : "no";
}

function plain(text: Text): string {
  return text.map((part) => (typeof part === "string" ? part : plainLine(part.code))).join("");
}
