import { readFileSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { Crypter } from "../../pulumi/secrets.ts";
import { type Command, stackOf, stackOption } from "../command.ts";
import { OpsError, usageError } from "../exit.ts";
import { askHidden } from "../prompts.ts";
import { ensurePassphrase } from "../setup/passphrase.ts";
import { savedSalt } from "./stack-file.ts";

export const command: Command = {
  summary: "set an encrypted secret in a stack file",
  description: [
    "Does what `pulumi config set --secret <key>` does, also where there is no Pulumi CLI: asks for the value, or takes it",
    "from standard input, and writes it encrypted into Pulumi.<stack>.yaml. The value is never an argument, which the",
    "process list and the shell's history would show. Applied by the next up.",
  ].join("\n"),
  options: { stack: stackOption },
  positionals: ["key"],
  examples: ["./berth secret root:ROOT_SECRET", "openssl rand -hex 32 | ./berth secret root:ROOT_SECRET -s prod"],
  exits: [0, 1, 2, 130],
  async run(context, parsed) {
    const { project, terminal, environment } = context;
    const stack = stackOf(context, parsed);
    const key = parsed.positionals[0];
    if (key === undefined || !/^[a-z][a-z0-9-]*:[A-Za-z_]\w*$/.test(key)) {
      throw usageError(`berth secret needs a key: <application>:<NAME> or berth:<name>, for example root:ROOT_SECRET${key === undefined ? "" : `; "${key}" is neither`}`);
    }
    const value = await askHidden(context, key);
    if (value === "") throw new OpsError(`nothing was given for ${key}: type a value, or pipe it in`);
    terminal.redactor.hide(value);
    const file = project.stackFile(stack);
    const passphrase = ensurePassphrase(project, environment);
    writeFileSync(file, await withSecret(readFileSync(file, "utf8"), key, value, passphrase.value, savedSalt(project, stack)));
    terminal.result(`${key} is set in Pulumi.${stack}.yaml, encrypted with ${passphrase.source}; apply it by ./berth up -s ${stack}`);
    return 0;
  },
};

/** A stack file's text with one more `secure:` value, its comments kept. A salt is made where there is none. */
export async function withSecret(text: string, key: string, value: string, passphrase: string, salt?: string): Promise<string> {
  const document = parseDocument(text);
  const present = (document.get("encryptionsalt") as string | undefined) ?? salt;
  const crypter = present === undefined ? await Crypter.create(passphrase) : await Crypter.open(passphrase, present);
  document.setIn(["config", key], { secure: crypter.encrypt(value) });
  document.set("encryptionsalt", crypter.salt);
  return document.toString({ lineWidth: 0 });
}
