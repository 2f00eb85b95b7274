import { writeFileSync } from "node:fs";
import { codeOf, messageOf, OpsError } from "../exit.ts";

export interface FileChange {
  path: string;
  before: string;
  after: string;
}

/** Does something with another text in a stack file, and puts the file back when that fails, which the error then says. @param what For example `rollback`. */
export async function withFile<Result>({ path, before, after }: FileChange, what: string, work: () => Promise<Result>): Promise<Result> {
  if (after !== before) writeFileSync(path, after);
  try {
    return await work();
  } catch (error) {
    if (after === before) throw error;
    writeFileSync(path, before);
    throw new OpsError(`${messageOf(error)}\nThe ${what} was not finished, and ${path} is as it was.`, codeOf(error));
  }
}
