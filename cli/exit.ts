import { DockerError, NoEngineError, statusOf } from "../docker/errors.ts";

/** Exit codes of every command, as `--help` lists them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  requirement: 3,
  drift: 4,
  unhealthy: 5,
  refused: 6,
  interrupted: 130,
} as const;

export const exitMeanings: Record<number, string> = {
  0: "done",
  1: "failed, the last lines say where",
  2: "wrong usage",
  3: "something that this machine must have is missing",
  4: "something differs from the state in a way that does harm",
  5: "a part of the stack is missing, unhealthy, or keeps ending",
  6: "refused before anything was changed, the reason stands above",
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

/** The exit code of an error whose message is told as it is; undefined for a fault of the program, which has a stack trace. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof OpsError) return error.code;
  if (error instanceof NoEngineError) return exitCodes.requirement;
  // An answer of the Docker Engine, for example that a container is gone which was there a moment ago.
  return error instanceof DockerError || (error instanceof Error && statusOf(error) !== undefined) ? exitCodes.failed : undefined;
}

export function usageError(message: string): OpsError {
  return new OpsError(message, exitCodes.usage);
}

/** Nothing was changed, as it would do harm or is somebody else's; the message says what is to be done instead. */
export function refusedError(message: string, facts: Record<string, unknown> = {}): OpsError {
  return new OpsError(message, exitCodes.refused, facts);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
