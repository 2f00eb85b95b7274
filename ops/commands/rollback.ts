import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Release } from "../../components/release-record.ts";
import { Crypter } from "../../engine/secrets.ts";
import { applyWithProgress } from "../apply.ts";
import { type Choice, engineFor } from "../choose.ts";
import { type Command, type Context, engineOption, jsonOption, stackOption } from "../command.ts";
import type { Parsed } from "../arguments.ts";
import { dockerOf } from "../docker.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { Progress } from "../progress.ts";
import { changeLines, changesBetween } from "../releases/changes.ts";
import { requireImages } from "../releases/image-check.ts";
import { migrationsBack } from "../releases/migrations-back.ts";
import { rollbackNote } from "../releases/note.ts";
import { previousOf, readReleases } from "../releases/records.ts";
import { type Restored, restoredFile } from "../releases/restored-file.ts";
import { applyStack, waitForAnswers } from "../update.ts";

/** What `--force` may override. */
const checks = ["migrations"];

export const command: Command = {
  summary: "back to an earlier release: its images, configuration and secrets",
  description: [
    "Writes the images (by digest), the configuration and the secrets of an earlier release into Pulumi.<stack>.yaml, shows",
    "what that changes, and applies it like up, without building anything. Data and migrations stay as they are: where the",
    "older version would not work with a migration that has run since, it refuses, before anything is changed. When it fails",
    "the stack file is put back. What a release had: ./berth releases.",
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    to: { type: "string", value: "<number>", help: "the release to go back to (default: the one before)" },
    force: { type: "string", value: "<check>", choices: checks, help: "go back although the check migrations refuses; the release's note says so" },
    json: jsonOption,
  },
  positionals: ["stack"],
  examples: ["./berth rollback prod", "./berth rollback prod --to 12"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { project, terminal, signal } = context;
    const stack = stackIn(context, parsed);
    const report = new Progress(terminal);
    const docker = await dockerOf(context, stack);
    const choice = await engineFor(context, stack, parsed.values["engine"], report);
    const { deployer } = choice;
    report.note(deployer.description);

    const releases = await readReleases(deployer);
    for (const { secrets } of releases) for (const value of Object.values(secrets)) terminal.redactor.hide(value);
    const { from, to } = chosen(stack, releases, parsed.values["to"]);
    const changes = changesBetween(from, to);
    terminal.line(`Stack "${stack}" goes back from release ${told(from)} to release ${told(to)}:`);
    for (const line of changeLines(changes)) terminal.line(`  ${line}`);

    const migrations = await migrationsBack(project.folder, project.applications(stack), from, to);
    for (const line of migrations.stay) terminal.line(`  migration  ${line}`);
    const forced = parsed.values["force"] === undefined || migrations.refused.length === 0 ? [] : [parsed.values["force"]];
    if (migrations.refused.length > 0 && forced.length === 0) throw new OpsError(refusal(migrations.refused));
    for (const line of migrations.refused) terminal.line(`  migration  ${line} (forced)`);
    await requireImages(docker, deployer, to);

    const file = project.stackFile(stack);
    const before = readFileSync(file, "utf8");
    const restored = await restoredFile(before, to, { project: project.name(), crypter: (salt) => crypterFor(context, stack, choice, salt), running: from.secrets });
    const note = rollbackNote(to.number, forced);
    const outcome = await withFile(file, before, restored.text, async () => {
      const planned = await applyWithProgress("preview", terminal, report, (onEvent) => deployer.preview({ signal, onEvent }), true);
      if (Object.keys(planned.changes).length === 0) report.note(`stack "${stack}" runs what release ${to.number} was`);
      return applyStack(context, stack, { docker, deployer, report }, { note });
    });
    const found = await waitForAnswers(outcome, report, signal);

    const now = (await readReleases(deployer)).at(-1);
    if (parsed.flags["json"]) {
      terminal.json({ stack, engine: deployer.engine, from: from.number, to: to.number, release: now?.number, changes, migrations, forced, stackFile: { config: restored.config, secrets: restored.secrets, kept: restored.kept }, resources: outcome.changes, addresses: found });
    } else terminal.result(closing(stack, to, now, restored).join("\n"));
    return 0;
  },
};

function stackIn({ project }: Context, { positionals: [named], values }: Parsed): string {
  const { stack: given } = values;
  if (named !== undefined && given !== undefined && named !== given) throw usageError(`two stacks are named, "${named}" and "${given}": name one`);
  const stack = named ?? given;
  if (stack === undefined) throw usageError(`which stack? berth rollback <stack>; this project has ${project.stacks().join(", ")}`);
  project.requireStack(stack);
  return stack;
}

/** @throws OpsError naming the releases that are known, where there is none to go back to or none of this number. */
export function chosen(stack: string, releases: readonly Release[], number: string | undefined): { from: Release; to: Release } {
  const from = releases.at(-1);
  if (from === undefined) throw new OpsError(`stack "${stack}" has no releases in its state: ./berth up -s ${stack} makes the first`);
  const known = releases.slice(0, -1).map((release) => release.number).join(", ") || "none";
  const to = number === undefined ? previousOf(releases) : releases.find((release) => String(release.number) === number);
  if (to !== undefined) return { from, to };
  if (number === undefined) throw new OpsError(`stack "${stack}" has no release before ${from.number}: those before it are ${known}`);
  throw usageError(`stack "${stack}" has no release ${number}: it runs ${from.number}, and those before it are ${known}; ./berth releases -s ${stack} tells of each`);
}

function told({ number, time, by }: Release): string {
  return `${number} (${time.slice(0, 16).replace("T", " ")} UTC, ${by})`;
}

function refusal(reasons: readonly string[]): string {
  return [
    "nothing was changed: going back would run the older version on migrations that it may not work with, and a rollback undoes none:",
    ...reasons.map((reason) => `  ${reason}`),
    "Go forward instead: put the fix on top. Or undo the migration by hand, or restore the data (./berth restore), and add --force migrations.",
  ].join("\n");
}

/** Puts the file back when the work fails. */
async function withFile<Result>(file: string, before: string, text: string, work: () => Promise<Result>): Promise<Result> {
  if (text !== before) writeFileSync(file, text);
  try {
    return await work();
  } catch (error) {
    if (text === before) throw error;
    writeFileSync(file, before);
    throw new OpsError(`${messageOf(error)}\nThe rollback was not finished, and ${file} is as it was.`, error instanceof OpsError ? error.code : undefined);
  }
}

/** The stack file's own salt, or the one that up keeps beside a file without secrets. */
function crypterFor({ project }: Context, stack: string, { passphrase }: Choice, salt: string | undefined): Promise<Crypter> {
  const file = project.generated("stacks", `${stack}.salt`);
  const saved = salt ?? (existsSync(file) ? readFileSync(file, "utf8").replace("encryptionsalt: ", "").trim() : undefined);
  return saved === undefined ? Crypter.create(passphrase.value) : Crypter.open(passphrase.value, saved);
}

function closing(stack: string, to: Release, now: Release | undefined, { config, secrets, kept }: Restored): string[] {
  const file = `Pulumi.${stack}.yaml`;
  const images = config.filter((key) => /\.(image|revision)$/.test(key));
  return [
    now === undefined || now.number === to.number ? `Stack "${stack}" runs release ${to.number}.` : `Release ${now.number} is what release ${to.number} was.`,
    ...(config.length + secrets.length === 0 ? [] : [`${file} has it: commit the file, or the next deploy from git undoes the rollback.`]),
    ...(images.length === 0 ? [] : [`To go forward again, take these lines out of ${file}, so that images are built from their folders, then ./berth up -s ${stack}:`, ...images.map((key) => `  ${key}`)]),
    ...(kept.length === 0 ? [] : [`These secrets were not in release ${to.number} and stay, as the program may ask for them: ${kept.join(", ")}`]),
  ];
}
