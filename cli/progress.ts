import { performance } from "node:perf_hooks";
import type { Report, Step } from "../standins/report.ts";
import { duration } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface Running {
  name: string;
  text: string;
  started: number;
  printed: number;
}

/** When a step that runs long says so where lines can't be rewritten, in milliseconds; ever less often, as it goes on. */
const firstSign = 5000;
const signGrowth = 0.4;

/**
 * Steps as lines with their time. On a terminal those that run are shown below the others and kept up to date;
 * elsewhere a step that takes long says how far it is now and then.
 */
export class Progress implements Report {
  readonly #terminal: Terminal;
  readonly #running = new Set<Running>();
  readonly times: { name: string; milliseconds: number }[] = [];
  #shown = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  step(name: string): Step {
    const running: Running = { name, text: "", started: performance.now(), printed: performance.now() };
    this.#running.add(running);
    this.#timer ??= setInterval(() => this.#tick(), 200).unref();
    this.#draw();
    const end = (mark: string, detail = "") => {
      if (!this.#running.delete(running)) return;
      const milliseconds = performance.now() - running.started;
      this.times.push({ name, milliseconds });
      this.#print(`${mark} ${this.#cells(name, detail, milliseconds)}`);
      if (this.#running.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    };
    return {
      progress: (text) => {
        running.text = text;
        this.#tick();
      },
      done: (detail) => end(this.#terminal.style("green", "✔"), detail),
      fail: (detail) => end(this.#terminal.style("red", "✖"), detail),
    };
  }

  note(text: string): void {
    this.#print(this.#terminal.style("dim", `· ${text}`));
  }

  /** A line of detail below the steps, for example one resource. */
  detail(text: string): void {
    this.#print(`  ${text}`);
  }

  #cells(name: string, detail: string, milliseconds: number): string {
    return `${name.padEnd(11)} ${detail} ${this.#terminal.style("dim", `(${duration(milliseconds)})`)}`;
  }

  #tick(): void {
    if (this.#terminal.live) return this.#draw();
    for (const running of this.#running) {
      const now = performance.now();
      if (now - running.printed < Math.max(firstSign, (now - running.started) * signGrowth)) continue;
      running.printed = now;
      this.#terminal.line(`… ${this.#cells(running.name, running.text, now - running.started)}`);
    }
  }

  #print(line: string): void {
    this.#erase();
    this.#terminal.line(line);
    this.#draw();
  }

  #erase(): void {
    if (this.#shown > 0) this.#terminal.raw(`\x1b[${this.#shown}A\x1b[0J`);
    this.#shown = 0;
  }

  #draw(): void {
    if (!this.#terminal.live) return;
    this.#erase();
    for (const { name, text, started } of this.#running) {
      const plain = `… ${name.padEnd(11)} ${text} (${duration(performance.now() - started)})`;
      this.#terminal.line(plain.slice(0, this.#terminal.width - 1));
      this.#shown += 1;
    }
  }
}

/** A report that says nothing, for commands whose result is all that matters. */
export const silent: Report = {
  step: () => ({ done: () => undefined, fail: () => undefined }),
  note: () => undefined,
};
