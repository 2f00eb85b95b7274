import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { closest, type Parsed } from "../arguments.ts";
import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";
import { imagesIn } from "./image-digests.ts";
import { type ImageSize, isTooLarge, readLimits, sizeOf, sizeRows } from "./image-sizes.ts";
import { newestDigests } from "./newest-digests.ts";
import { prune } from "./prune.ts";
import { renew } from "./renew.ts";
import { table } from "../table.ts";

const actions = ["list", "lock", "renew", "check", "sizes", "prune"];

export const command: Command = {
  summary: "lock or renew the platform images' digests, check images or their sizes, remove old ones",
  description: [
    "list   what images.lock.json names",
    "lock   asks each registry for the digest of each tag and writes it into images.lock.json",
    "renew  newer digests of the tags that are pinned, there and in Dockerfiles, as a commit on the branch renew/images, with a pull request",
    "check  runs each image and tries what the program relies on, for upstream's and stand-ins alike",
    "sizes  the applications' images that a stack runs, against the limits in images.limits.json; beyond one is a failure",
    "prune  removes a stack's images that nothing names any more: on its Docker host, and in a registry of its own those without",
    "       a tag. What a release names, what runs, what a stack file pins, and base and platform images stay. --dry-run shows it",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption, "dry-run": { type: "boolean", help: "of prune: show what would go, and remove nothing" } },
  positionals: [actions.join("|")],
  actions,
  examples: ["./berth images lock", "./berth images renew", "./berth images check", "./berth images sizes -s prod", "./berth images prune -s prod --dry-run"],
  exits: [0, 1, 2, 3, 6],
  async run(context, parsed) {
    const action = parsed.positionals[0] ?? "list";
    if (!actions.includes(action)) {
      const near = closest(action, actions);
      throw usageError(`berth images has no action "${action}": ${near === undefined ? `it has ${actions.join(", ")}` : `did you mean ${near}?`}`);
    }
    const json = parsed.flags["json"] === true;
    // Before any of them does what was to be shown alone.
    if (parsed.flags["dry-run"] && action !== "prune") throw usageError(`--dry-run is of prune, and berth images ${action} was asked for`);
    if (action === "check") return check(context, json);
    if (action === "lock") return lock(context, json);
    if (action === "renew") return renew(context, json);
    if (action === "prune") return prune(context, stackOf(context, parsed), parsed);
    if (action === "sizes") return sizes(context, stackOf(context, parsed), parsed);
    if (json) context.terminal.json({ images: readLock(context) });
    else context.terminal.result(table(["ROLE", "IMAGE"], Object.entries(readLock(context))));
    return 0;
  },
};

function readLock({ project }: Context): Record<string, string> {
  return JSON.parse(readFileSync(join(project.folder, "config/images.lock.json"), "utf8")) as Record<string, string>;
}

async function lock(context: Context, json: boolean): Promise<number> {
  const { terminal, project } = context;
  const entries = Object.entries(readLock(context));
  const newest = await newestDigests(context, entries.map(([, reference]) => reference), "images.lock.json stays");
  const images = Object.fromEntries(entries.map(([role, reference]) => [role, newest.get(reference)]));
  writeFileSync(join(project.folder, "config/images.lock.json"), `${JSON.stringify(images, undefined, 2)}\n`);
  if (json) terminal.json({ images });
  else terminal.result(`images.lock.json has ${entries.length} digests`);
  return 0;
}

async function check({ project, terminal }: Context, json: boolean): Promise<number> {
  const { exitCode } = await execa(process.execPath, [join(project.folder, "standins", "check.ts")], { stdio: ["inherit", json ? process.stderr : "inherit", "inherit"], reject: false });
  if (json) terminal.json({ passed: exitCode === 0 });
  return exitCode === 0 ? exitCodes.ok : exitCodes.failed;
}

async function sizes(context: Context, stack: string, { values, flags }: Parsed): Promise<number> {
  const { project, terminal } = context;
  const limitOf = readLimits(project.folder);
  const { deployer } = await engineFor(context, stack, values["engine"]);
  const images = Object.entries(imagesIn(await deployer.outputs()));
  if (images.length === 0) throw new OpsError(`stack "${stack}" runs no image of an application: ./berth up -s ${stack} starts them`);
  const docker = await dockerOf(context, stack);
  const folders = project.applications(stack);
  const found: ImageSize[] = await Promise.all(
    images.map(async ([application, image]) => ({ application, size: await sizeOf(docker, image), limit: limitOf(folders[application] ?? application) })),
  );
  const tooLarge = found.some(isTooLarge);
  if (flags["json"]) terminal.json({ stack, images: found });
  else terminal.result(table(["APPLICATION", "SIZE", "LIMIT", "RESULT"], sizeRows(found)));
  return tooLarge ? exitCodes.failed : exitCodes.ok;
}
