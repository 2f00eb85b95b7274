// test/bench/first-up.sh: what it measured, as the table of docs/benchmarks.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { duration } from "../../cli/table.ts";

/** One `./berth up`; times in milliseconds. */
export interface FirstUp {
  /** Of the whole command. */
  whole: number;
  /** As `--json` says: without what ./berth does before Node runs. */
  milliseconds: number;
  steps: { name: string; milliseconds: number }[];
  /** When each application first answered. */
  answers: number[];
}

const columns = ["first", "present", "second"] as const;

/** The part of docs/benchmarks.md between its two marks. @param runs From nothing, with images present, once more. */
export function timings(runs: Record<(typeof columns)[number], FirstUp>): string {
  const of = ({ steps }: FirstUp, ...names: string[]) => steps.reduce((sum, { name, milliseconds }) => sum + (names.includes(name) ? milliseconds : 0), 0);
  const node = ({ whole, milliseconds }: FirstUp) => whole - milliseconds;
  const engine = (run: FirstUp) => of(run, "engine", "disk", "ports");
  // Addresses are waited for side by side.
  const stack = (run: FirstUp) => of(run, "policy", "dev") + Math.max(0, ...run.steps.filter(({ name }) => name === "answer").map(({ milliseconds }) => milliseconds));
  const images = (run: FirstUp) => run.milliseconds - engine(run) - stack(run);
  const row = (name: string, time: (run: FirstUp) => number, mark = "") => `| ${mark}${name}${mark} | ${columns.map((column) => `${mark}${duration(time(runs[column]))}${mark}`).join(" | ")} |`;
  const standIns = runs.first.steps.filter(({ name }) => name.includes(":")).length;
  const answers = runs.first.answers.toSorted((a, b) => a - b);
  return [
    "| step | first, from nothing | first, images present | second |",
    "|---|---|---|---|",
    row("Node 24 and packages", node),
    row("Docker Engine installed, disk, ports", engine),
    row(`images${standIns === 0 ? "" : ` (${standIns} stand-ins built)`}`, images),
    row("the stack: nine applications, the three in Rust and the one in Go compiled with their dependencies", stack),
    row("whole", ({ whole }) => whole, "**"),
    "",
    `From nothing, the first address answered after ${duration(answers[0] ?? 0)}, the fourth after ${duration(answers[3] ?? 0)}, the last after ${duration(answers.at(-1) ?? 0)}.`,
  ].join("\n");
}

function read(folder: string, name: string): FirstUp {
  const text = (ending: string) => readFileSync(join(folder, `${name}.${ending}`), "utf8");
  const { milliseconds, steps } = JSON.parse(text("json")) as Pick<FirstUp, "milliseconds" | "steps">;
  return { whole: Number(text("whole")), milliseconds, steps, answers: text("answers").split("\n").filter(Boolean).map((line) => Number.parseInt(line, 10)) };
}

if (import.meta.main) {
  const [folder = ""] = process.argv.slice(2);
  const page = join(import.meta.dirname, "../../docs/benchmarks.md");
  const table = timings({ first: read(folder, "first"), present: read(folder, "present"), second: read(folder, "second") });
  const marked = /(<!-- timings -->\n)[^]*(<!-- \/timings -->)/;
  writeFileSync(page, readFileSync(page, "utf8").replace(marked, (_, begin: string, end: string) => `${begin}${table}\n${end}`));
  console.log(table);
}
