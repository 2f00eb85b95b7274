import { readFileSync, writeFileSync } from "node:fs";
import { isMap, isScalar, parseDocument, type Scalar } from "yaml";
import { Crypter } from "../../pulumi/secrets.ts";
import type { Context } from "../command.ts";
import { ensurePassphrase } from "../setup/passphrase.ts";
import { savedSalt } from "./stack-file.ts";

/** Writes secrets into a stack's file, encrypted. @returns where the passphrase is from, in words */
export async function writeSecrets({ project, environment }: Pick<Context, "project" | "environment">, stack: string, values: Readonly<Record<string, string>>): Promise<string> {
  const file = project.stackFile(stack);
  const passphrase = ensurePassphrase(project, environment);
  writeFileSync(file, await withSecrets(readFileSync(file, "utf8"), values, passphrase.value, savedSalt(project, stack)));
  return passphrase.source;
}

/**
 * A stack file's text with these `secure:` values, its comments kept. A salt is made where there is none.
 *
 * @param values In plain text, by full key.
 * @param salt That which is kept beside a stack file that has none.
 */
export async function withSecrets(text: string, values: Readonly<Record<string, string>>, passphrase: string, salt?: string): Promise<string> {
  const document = parseDocument(text);
  const present = (document.get("encryptionsalt") as string | undefined) ?? salt;
  const crypter = present === undefined ? await Crypter.create(passphrase) : await Crypter.open(passphrase, present);
  for (const [key, value] of Object.entries(values)) document.setIn(["config", key], { secure: crypter.encrypt(value) });
  document.set("encryptionsalt", crypter.salt);
  return document.toString({ lineWidth: 0 });
}

/** A stack file's text without some keys; comments stay, those above a key that goes too: they may be of the keys that follow. */
export function withoutKeys(text: string, keys: readonly string[]): string {
  const document = parseDocument(text);
  const config = document.get("config");
  if (!isMap(config)) return text;
  for (const key of keys) {
    const at = config.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === key);
    if (at === -1) continue;
    const [removed] = config.items.splice(at, 1);
    const above = (removed?.key as Scalar | undefined)?.commentBefore;
    const next = config.items[at]?.key;
    if (!above) continue;
    if (isScalar(next)) next.commentBefore = [above, next.commentBefore].filter(Boolean).join("\n");
    else config.comment = [above, config.comment].filter(Boolean).join("\n");
  }
  return document.toString({ lineWidth: 0 });
}
