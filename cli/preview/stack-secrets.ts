import { Crypter } from "../../pulumi/secrets.ts";
import type { Project } from "../project.ts";
import { stackFileFor } from "../stack-file/stack-file.ts";
import { isEncrypted } from "../stack-file/stack-values.ts";

/**
 * The secrets in a stack file, wherever they stand in it, so that a message that quotes one can be cleaned of it. Empty
 * where they are not opened by a passphrase, or not by this one.
 */
export async function stackSecrets(project: Project, stack: string, passphrase: string): Promise<string[]> {
  try {
    const file = project.readStack(stack, stackFileFor(project, stack));
    if (file.encryptionsalt === undefined) return [];
    const crypter = await Crypter.open(passphrase, file.encryptionsalt);
    return encrypted(file.config).map((secret) => crypter.decrypt(secret));
  } catch {
    return [];
  }
}

function encrypted(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return isEncrypted(value) && typeof value.secure === "string" ? [value.secure] : Object.values(value).flatMap(encrypted);
}
