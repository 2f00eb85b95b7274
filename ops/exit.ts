/** Exit codes of every command, as `--help` lists them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  requirement: 3,
  drift: 4,
  interrupted: 130,
} as const;

export const exitMeanings: Record<number, string> = {
  0: "done",
  1: "failed, the last lines say where",
  2: "wrong usage",
  3: "something that this machine must have is missing",
  4: "something differs from the state in a way that does harm",
  130: "interrupted",
};

/** An error that is told to the user as it is, without a stack trace. */
export class OpsError extends Error {
  override name = "OpsError";
  readonly code: number;
  /** What `--json` tells beside message and code. */
  readonly facts: Record<string, unknown>;

  constructor(message: string, code: number = exitCodes.failed, facts: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

export function usageError(message: string): OpsError {
  return new OpsError(message, exitCodes.usage);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
