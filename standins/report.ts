/**
 * How work that takes a while tells what it does: the caller decides how it looks (progress lines, JSON, nothing at all).
 */
export interface Report {
  /** Starts a step. Exactly one of `done` or `fail` ends it; steps may overlap. */
  step(name: string): Step;
  /** One line that belongs to no step: what was chosen and why, or what is left out. */
  note(text: string): void;
}

export interface Step {
  /** Replaces the text shown while the step runs. */
  progress?(text: string): void;
  done(detail?: string): void;
  fail(detail: string): void;
}
