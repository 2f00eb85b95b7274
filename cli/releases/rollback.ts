import { readFileSync, writeFileSync } from "node:fs";
import type { Release } from "../../components/release/release-record.ts";
import { Crypter } from "../../pulumi/secrets.ts";
import { applyWithProgress } from "../deploy/update-progress.ts";
import { type Choice, engineFor } from "../deploy/choose-engine.ts";
import { letGo } from "../deploy/data-volumes.ts";
import { type Command, type Context, engineOption, jsonOption, stackOption } from "../command.ts";
import type { ResourceEvent } from "../deploy/deployer.ts";
import { dockerOf } from "../docker.ts";
import { changesText } from "../table.ts";
import { exitCodes, refusedError } from "../exit.ts";
import { interruptible } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { confirm } from "../prompts.ts";
import { valuesOf } from "../promote/stack-file.ts";
import { changeLines, changesBetween } from "./changes.ts";
import { requireImages } from "./image-check.ts";
import { migrationsBack } from "./migrations-back.ts";
import { namedIn } from "./named-in.ts";
import { rollbackNote } from "./note.ts";
import { readReleases } from "./records.ts";
import { type Restored, restoredFile } from "./restored-file.ts";
import { chosen, leftBy, ranSince, told } from "./target.ts";
import { givenScope, partOf } from "../deploy/scope.ts";
import { targetsOf } from "../deploy/shared-parts.ts";
import { applyStack, waitForAnswers } from "../deploy/update.ts";
import { savedSalt } from "../stack-file/stack-file.ts";
import { withFile } from "../stack-file/with-file.ts";

/** What `--force` may override. */
const checks = ["migrations"];

export const command: Command = {
  summary: "back to an earlier release: its images, configuration and secrets",
  description: [
    "Writes the images (by digest), the configuration and the secrets of an earlier release into Pulumi.<stack>.yaml, shows",
    "what that changes, and applies it like up, without building anything. Data and migrations stay as they are: where the",
    "older version would not work with a migration that has run since, it refuses, before anything is changed. When it fails",
    "the stack file is put back. Without --to it goes to what ran last: after an update that failed the newest release, else",
    "the one before. Asks first where berth:environment is not dev. What a release had: ./berth releases. With the name of an",
    "application it takes that one back alone, to what ran before of it, and leaves the others and the platform as they are.",
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    to: { type: "string", value: "<number>", help: "the release to go back to (default: what ran last)" },
    "dry-run": { type: "boolean", help: "show what it would change, and change nothing" },
    yes: { type: "boolean", short: "y", help: "don't ask" },
    force: { type: "string", value: "<check>", choices: checks, help: "go back although the check migrations refuses; the release's note says so" },
    "keep-secrets": { type: "boolean", help: "leave the stack file's secrets as they are: those of the release may have leaked" },
    json: jsonOption,
  },
  positionals: ["stack", "app…"],
  examples: ["./berth rollback prod", "./berth rollback prod root", "./berth rollback prod --dry-run", "./berth rollback prod --to 12"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal, signal } = context;
    const { stack, app } = namedIn(context, parsed);
    const apps = app === undefined ? [] : [app];
    const report = new Progress(terminal);
    const docker = await dockerOf(context, stack);
    const choice = await engineFor(context, stack, parsed.values["engine"], report);
    const { deployer } = choice;
    report.note(deployer.description);

    const releases = await readReleases(deployer);
    for (const { secrets } of releases) for (const value of Object.values(secrets)) terminal.redactor.hide(value);
    const state = await deployer.state();
    const scope = givenScope(stack, apps, state);
    const left = leftBy(releases, await deployer.failedUpdates(), (partOf(state, scope).pending_operations ?? []).length > 0, app);
    const { from, to } = chosen(stack, releases, parsed.values["to"], left, app);
    const changes = changesBetween(from, parsed.flags["keep-secrets"] === true ? { ...to, secrets: from.secrets } : to);
    terminal.line(`${app === undefined ? "Stack" : `Application "${app}" of stack`} "${stack}" goes back from ${from === to && left !== undefined ? left.what : `release ${told(from)}`} to release ${told(to)}:`);
    for (const line of changeLines(changes)) terminal.line(`  ${line}`);

    const file = project.stackFile(stack);
    const before = readFileSync(file, "utf8");
    const migrations = await migrationsBack(project.folder, project.applications(stack), ranSince(releases, to, left, valuesOf(before).apps), to);
    for (const line of migrations.stay) terminal.line(`  migration  ${line}`);
    const forced = parsed.values["force"] === undefined || migrations.refused.length === 0 ? [] : [parsed.values["force"]];
    if (migrations.refused.length > 0 && forced.length === 0) throw refusedError(refusal(migrations.refused));
    for (const line of migrations.refused) terminal.line(`  migration  ${line} (forced)`);
    await interruptible(signal, requireImages(docker, deployer, to));

    const wanted = parsed.flags["keep-secrets"] === true ? { ...to, secrets: {} } : to;
    if (wanted !== to) report.note(`secrets stay as Pulumi.${stack}.yaml has them (--keep-secrets)`);
    const put = await restoredFile(before, wanted, { project: project.name(), crypter: (salt) => crypterFor(context, stack, choice, salt), running: from.secrets, app });
    const restored = wanted === to ? put : { ...put, kept: [] };
    const change = { path: file, before, after: restored.text };
    const note = rollbackNote(to.number, forced, apps);
    if (from === to) for (const key of [...restored.config, ...restored.secrets]) terminal.line(`  set back  ${key}`);
    const preview = async () => {
      const left = letGo(partOf(state, scope), await deployer.asked({ signal, scope }));
      const events: ResourceEvent[] = [];
      const seen = (show: (event: ResourceEvent) => void) => (event: ResourceEvent) => events.push(event) && show(event);
      const planned = await applyWithProgress("preview", terminal, report, (show) => deployer.preview({ signal, scope, letGo: left, onEvent: seen(show) }), true);
      if (scope !== undefined) targetsOf(stack, scope, state, events);
      return planned;
    };
    if (parsed.flags["dry-run"]) {
      const { changes: planned } = await withFile(change, "rollback", preview).finally(() => writeFileSync(file, before));
      if (parsed.flags["json"]) terminal.json({ stack, ...(app !== undefined && { app }), engine: deployer.engine, dryRun: true, from: from.number, to: to.number, changes, migrations, forced, stackFile: filed(restored), resources: planned });
      else terminal.result(`nothing was changed; without --dry-run this goes to release ${to.number}: ${changesText(planned, true)}`);
      return exitCodes.ok;
    }
    const outcome = await withFile(change, "rollback", async () => {
      const planned = await preview();
      if (Object.keys(planned.changes).length === 0) report.note(`${app ?? `stack "${stack}"`} runs what release ${to.number} was`);
      if (parsed.flags["yes"] !== true && project.isProduction(stack)) {
        const warning = `Stack "${stack}" is production, as berth:environment is not dev: it goes back to release ${to.number}, as shown above. Its data stays.`;
        await confirm(context, { stack, option: "berth rollback", does: "changes production", warning });
      }
      return applyStack(context, stack, { ...choice, docker, report }, { note, apps, agreed: true });
    });
    const found = await waitForAnswers(outcome, report, signal, apps);

    const now = (await readReleases(deployer)).at(-1);
    if (parsed.flags["json"]) {
      terminal.json({ stack, ...(app !== undefined && { app }), engine: deployer.engine, from: from.number, to: to.number, release: now?.number, changes, migrations, forced, stackFile: filed(restored), resources: outcome.changes, addresses: found });
    } else terminal.result(closing(stack, to, now, restored, app).join("\n"));
    return 0;
  },
};

/** What of it is told to machines. */
function filed({ config, secrets, kept }: Restored) {
  return { config, secrets, kept };
}

function refusal(reasons: readonly string[]): string {
  return [
    "nothing was changed: going back would run the older version on migrations that it may not work with, and a rollback undoes none:",
    ...reasons.map((reason) => `  ${reason}`),
    "Go forward instead: put the fix on top. Or undo the migration by hand, or restore the data (./berth restore), and add --force migrations.",
  ].join("\n");
}

/** By the stack file's own salt, or the saved one. */
function crypterFor({ project }: Context, stack: string, { passphrase }: Choice, salt: string | undefined): Promise<Crypter> {
  const saved = salt ?? savedSalt(project, stack);
  return saved === undefined ? Crypter.create(passphrase.value) : Crypter.open(passphrase.value, saved);
}

function closing(stack: string, to: Release, now: Release | undefined, { config, secrets, kept }: Restored, app?: string): string[] {
  const file = `Pulumi.${stack}.yaml`;
  const images = config.filter((key) => /\.(image|revision)$/.test(key));
  return [
    now === undefined || now.number === to.number ? `${app ?? `Stack "${stack}"`} runs release ${to.number}.` : `Release ${now.number} is what release ${to.number} was${app === undefined ? "" : ` of ${app}`}.`,
    ...(config.length + secrets.length === 0 ? [] : [`${file} has it: commit the file, or the next deploy from git undoes the rollback.`]),
    ...(images.length === 0 ? [] : [`Until then nothing is built for ${[...new Set(images.map((key) => key.split(".").at(-2)))].join(", ")}: to go forward again, ./berth forward ${stack}, then ./berth up -s ${stack}.`]),
    ...(kept.length === 0 ? [] : [`These secrets were not in release ${to.number} and stay, as the program may ask for them: ${kept.join(", ")}`]),
  ];
}
