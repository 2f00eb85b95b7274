/** What a Docker Engine did not do. The message is told to the user as it is, without a stack trace. */
export class DockerError extends Error {
  override name = "DockerError";
}

/** No Docker Engine answers. The message says what to do. */
export class NoEngineError extends DockerError {
  override name = "NoEngineError";
}

/** The HTTP status of a Docker API error, if it is one. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

/** A handler that lets errors with one of these statuses pass. */
export function unlessStatus(...allowed: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!allowed.includes(statusOf(error) ?? 0)) {
      throw error;
    }
  };
}

/** Whether the connection broke before the answer: what was asked for may have been done, or not. */
export function isCut(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as NodeJS.ErrnoException;
  return ["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(code ?? "") || (cause !== undefined && isCut(cause));
}

/** Whether the engine could not be reached at all. */
export function isUnreachable(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "EACCES"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}
