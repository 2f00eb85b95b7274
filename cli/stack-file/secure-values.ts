import { isMap, isScalar, parseDocument, type Scalar } from "yaml";
import { Crypter } from "../../pulumi/secrets.ts";

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
