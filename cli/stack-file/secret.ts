import { readFileSync, writeFileSync } from "node:fs";
import { closest } from "../arguments.ts";
import { type Command, type Context, jsonOption, stackOf, stackOption } from "../command.ts";
import { OpsError, usageError } from "../exit.ts";
import { askHidden } from "../prompts.ts";
import { importSecrets } from "./secret-import.ts";
import { listSecrets, wantedIn } from "./secret-list.ts";
import { withoutKeys, writeSecrets } from "./secure-values.ts";
import { isEncrypted } from "./stack-values.ts";

const actions = ["list", "set", "unset", "import"];

export const command: Command = {
  summary: "set, list, unset or import encrypted secrets of a stack file",
  description: [
    "list                 the names of all that the stack reads or has, and where each is set or missing; never a value",
    "set <key>            asks for the value, or takes it from standard input, and writes it encrypted into Pulumi.<stack>.yaml;",
    "                     the word set may be left out. It does what `pulumi config set --secret <key>` does",
    "unset <key…>         takes them out of Pulumi.<stack>.yaml; comments stay",
    "import <app> [file]  each line NAME=value of a .env file, or of standard input, that the application names as a secret;",
    "                     says which it did not take. berth in place of an application is for secrets such as backupKey",
    "",
    "A value is never an argument, which the process list and the shell's history would show. Applied by the next up.",
  ].join("\n"),
  options: { stack: stackOption, json: jsonOption },
  positionals: [actions.join("|"), "key…"],
  actions,
  examples: [
    "./berth secret root:ROOT_SECRET",
    "openssl rand -hex 32 | ./berth secret root:ROOT_SECRET -s prod",
    "./berth secret list -s prod",
    "./berth secret unset root:OLD_KEY -s prod",
    "./berth secret import shop .env -s prod",
  ],
  exits: [0, 1, 2, 130],
  async run(context, parsed) {
    const stack = stackOf(context, parsed);
    const json = parsed.flags["json"] === true;
    const [first = "", ...others] = parsed.positionals;
    if (first === "list" && others.length > 0) throw usageError(`"${others.join(" ")}" is too much: berth secret list takes no key`);
    if (first === "list") await listSecrets(context, stack, json);
    else if (first === "import") await importSecrets(context, stack, others, json);
    else if (first === "unset") await unset(context, stack, others, json);
    else await set(context, stack, first === "set" ? others : parsed.positionals, json);
    return 0;
  },
};

async function set(context: Context, stack: string, [key, ...more]: readonly string[], json: boolean): Promise<void> {
  const { terminal } = context;
  if (key === undefined || !/^[a-z][a-z0-9-]*:[A-Za-z_]\w*$/.test(key)) {
    const near = key === undefined ? undefined : closest(key, actions);
    throw usageError(`berth secret needs a key: <application>:<NAME> or berth:<name>, for example root:ROOT_SECRET${key === undefined ? "" : `; "${key}" is neither${near === undefined ? "" : `: did you mean ./berth secret ${near}?`}`}`);
  }
  // Without the word itself: it may be the value.
  if (more.length > 0) throw usageError(`berth secret takes one key and no value, which the shell's history would show: ./berth secret ${key} -s ${stack} asks for it`);
  const value = await askHidden(context, key);
  if (value === "") throw new OpsError(`nothing was given for ${key}: type a value, or pipe it in`);
  terminal.redactor.hide(value);
  const source = await writeSecrets(context, stack, { [key]: value });
  if (json) terminal.json({ stack, set: [key] });
  else terminal.result(`${key} is set in Pulumi.${stack}.yaml, encrypted with ${source}; apply it by ./berth up -s ${stack}`);
}

async function unset(context: Context, stack: string, keys: readonly string[], json: boolean): Promise<void> {
  const { project, terminal } = context;
  const config = project.readStack(stack).config ?? {};
  const present = Object.entries(config).flatMap(([key, value]) => (isEncrypted(value) ? [key] : []));
  if (keys.length === 0) throw usageError(`berth secret unset needs a key; Pulumi.${stack}.yaml has ${present.join(", ") || "none"}`);
  for (const key of keys) {
    if (present.includes(key)) continue;
    const near = closest(key, present);
    throw usageError(`Pulumi.${stack}.yaml has no secret ${key}: ${near === undefined ? `it has ${present.join(", ") || "none"}` : `did you mean ${near}?`} Nothing was changed.`);
  }
  const file = project.stackFile(stack);
  writeFileSync(file, withoutKeys(readFileSync(file, "utf8"), keys));
  const wanted = await wantedIn(context, stack);
  const needOf = (key: string) => wanted.find((secret) => secret.key === key)?.need;
  if (json) terminal.json({ stack, unset: keys, missing: keys.filter((key) => needOf(key) === "required") });
  else for (const key of keys) terminal.result(`${key} is taken out of Pulumi.${stack}.yaml; ${afterwards[needOf(key) ?? "unused"](key, stack)}`);
}

/** What becomes of a secret that is set no more. */
const afterwards = {
  required: (key: string, stack: string) => `the stack needs it, so up is refused until ./berth secret ${key} -s ${stack}`,
  generated: (_: string, stack: string) => `the next ./berth up -s ${stack} generates one`,
  optional: (_: string, stack: string) => `gone from what runs with the next ./berth up -s ${stack}`,
  unused: () => "nothing reads it",
};
