import { addAbortListener } from "node:events";
import { exitCodes, OpsError } from "./exit.ts";

/** @throws OpsError (130) once the command was interrupted; for a moment at which nothing is begun. */
export function heed(signal: AbortSignal, state = "nothing was changed"): void {
  if (signal.aborted) throw new OpsError(`interrupted; ${state}`, exitCodes.interrupted);
}

/** Waits for something that has nothing to put in order, and no longer than until the command is interrupted. @throws OpsError (130) */
export async function interruptible<T>(signal: AbortSignal, work: Promise<T>, state?: string): Promise<T> {
  heed(signal, state);
  const { promise, reject } = Promise.withResolvers<never>();
  using _ = addAbortListener(signal, () => {
    work.catch(() => undefined); // nobody waits for it any more
    try {
      heed(signal, state);
    } catch (error) {
      reject(error);
    }
  });
  return await Promise.race([work, promise]);
}
