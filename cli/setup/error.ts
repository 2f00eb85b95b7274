import { exitCodes, OpsError } from "../exit.ts";

/** A set-up step that cannot be done here. The message says what is wrong and what to do. */
export class SetupError extends OpsError {
  override name = "SetupError";

  constructor(message: string) {
    super(message, exitCodes.requirement);
  }
}
