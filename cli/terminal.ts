import { styleText } from "node:util";
import { Redactor } from "./redact.ts";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** A stream to write to; process.stdout and process.stderr are such streams. */
export interface Sink {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Colour only on a terminal that can show it, and never where NO_COLOR is set (https://no-color.org). */
export function hasColour(sink: Sink, environment: NodeJS.ProcessEnv): boolean {
  return sink.isTTY === true && !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
}

/**
 * Where a command writes: its result on standard output, everything else on standard error, so that
 * `berth status --json | jq` works. Known secrets are replaced on both.
 */
export class Terminal {
  readonly redactor = new Redactor();
  readonly #out: Sink;
  readonly #error: Sink;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(out: Sink, error: Sink, environment: NodeJS.ProcessEnv) {
    this.#out = out;
    this.#error = error;
    this.#environment = environment;
  }

  /** True where lines can be rewritten in place. */
  get live(): boolean {
    return this.#error.isTTY === true && this.#environment["TERM"] !== "dumb" && !this.#environment["CI"];
  }

  get width(): number {
    return this.#error.columns ?? 100;
  }

  result(text: string): void {
    this.#out.write(`${this.redactor.clean(text)}\n`);
  }

  json(value: unknown): void {
    this.result(JSON.stringify(value, undefined, 2));
  }

  line(text: string): void {
    this.raw(`${text}\n`);
  }

  /** Writes control sequences and partial lines to standard error. */
  raw(text: string): void {
    this.#error.write(this.redactor.clean(text));
  }

  /** Styled for standard error. */
  style(style: Style, text: string): string {
    return hasColour(this.#error, this.#environment) ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Styled for standard output. */
  resultStyle(style: Style, text: string): string {
    return hasColour(this.#out, this.#environment) ? styleText(style, text, { validateStream: false }) : text;
  }
}
