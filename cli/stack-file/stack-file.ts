import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Project } from "../project.ts";

/**
 * The stack file that an engine is given.
 *
 * With a passphrase Pulumi adds a line `encryptionsalt` to the stack file, which differs from one checkout to the
 * next while the passphrase is generated. So a stack file without secrets stays as it is in git, and the engine gets
 * a copy with the line in `.berth/`. Once the file has a line of its own (after `pulumi config set --secret`, or a
 * plain `pulumi up`), it is used directly.
 */
export function stackFileFor(project: Project, stack: string): string {
  const original = project.stackFile(stack);
  const content = readFileSync(original, "utf8");
  const salt = saltFile(project, stack);
  if (encryptionOf(content) || !existsSync(salt)) return original;
  const copy = project.generated("stacks", `Pulumi.${stack}.yaml`);
  writeFileSync(copy, `${content.replace(/\n?$/, "\n")}${readFileSync(salt, "utf8")}`);
  return copy;
}

/** The stack file that the embedded engine is given: the same one, with a salt that is made where there is none. */
export async function saltedStackFile(project: Project, stack: string, passphrase: string): Promise<string> {
  const salt = saltFile(project, stack);
  if (!encryptionOf(readFileSync(project.stackFile(stack), "utf8")) && !existsSync(salt)) {
    const { Crypter } = await import("../../pulumi/secrets.ts");
    writeFileSync(salt, `encryptionsalt: ${(await Crypter.create(passphrase)).salt}\n`);
  }
  return stackFileFor(project, stack);
}

/** Runs `create`, which adds the salt's line to the stack file, and moves the line into `.berth/`. */
export async function keepingStackFile(project: Project, stack: string, create: () => Promise<void>): Promise<void> {
  const file = project.stackFile(stack);
  const before = readFileSync(file, "utf8");
  await create();
  const line = /^encryptionsalt: .*$/m.exec(readFileSync(file, "utf8"))?.[0];
  if (encryptionOf(before) || line === undefined) return;
  writeFileSync(saltFile(project, stack), `${line}\n`);
  writeFileSync(file, before);
}

/** The salt that is kept beside a stack file without secrets, so that the state stays readable with it; undefined where there is none. */
export function savedSalt(project: Project, stack: string): string | undefined {
  const file = saltFile(project, stack);
  return existsSync(file) ? readFileSync(file, "utf8").replace("encryptionsalt: ", "").trim() : undefined;
}

function saltFile(project: Project, stack: string): string {
  return project.generated("stacks", `${stack}.salt`);
}

function encryptionOf(content: string): boolean {
  return /^(encryptionsalt|secretsprovider|encryptedkey):/m.test(content);
}
