import { existsSync, statSync } from "node:fs";
import { asking, type Bucket, type Kept, keptBy } from "../backup/bucket.ts";
import { bucketKeys } from "../backup/bucket-keys.ts";
import type { Context } from "../command.ts";
import { dockerClient } from "../../docker/client.ts";
import { messageOf } from "../exit.ts";
import { chooseBackend } from "./backend.ts";
import { freeSpace, neededBytes } from "./disk.ts";
import { findEngine } from "./engine.ts";
import { hubReachable } from "./hub.ts";
import { findImages } from "./images.ts";
import { readSystem } from "./packages.ts";
import { requirePorts, stackEndpoints } from "./ports.ts";
import { findCli } from "./pulumi.ts";
import { standInRefusal, takesStandIns } from "./stand-ins.ts";
import { wantedImages } from "./wanted-images.ts";
import { size } from "../table.ts";

/** One thing that `up` needs. */
export interface Requirement {
  name: string;
  /** `will do`: not there, and `up` sees to it. `missing`: somebody must do something first. */
  state: "ok" | "will do" | "missing";
  /** Version or what else is there; `-` for nothing. */
  found: string;
  todo?: string;
}

export function isMissing({ state }: Requirement): boolean {
  return state === "missing";
}

/** Looks at everything at once; a check that itself fails is a requirement that is missing. */
export async function inspectMachine(context: Context, stack: string, engine: string | undefined): Promise<Requirement[]> {
  const { project, environment } = context;
  const checks: [string, () => Requirement | Promise<Requirement>][] = [
    ["node", () => ok("node", `${process.version.slice(1)} at ${process.execPath}`)],
    ["packages", () => ok("packages", "as in package-lock.json")],
    ["docker", docker],
    ["images", () => images(context, stack)],
    ["disk", () => disk(context)],
    ["ports", () => ports(context, stack)],
    ["pulumi", () => pulumi(context, engine ?? environment["BERTH_ENGINE"])],
    ["state", () => ok("state", chooseBackend(project, environment).url)],
    ["passphrase", () => passphrase(context)],
  ];
  const bucket = project.bucket(stack);
  if (bucket !== undefined) checks.push(["backups", () => backups(context, stack, bucket)]);
  return Promise.all(
    checks.map(async ([name, check]) => {
      try {
        return await check();
      } catch (error) {
        return { name, state: "missing", found: "-", todo: messageOf(error) };
      }
    }),
  );
}

function ok(name: string, found: string): Requirement {
  return { name, state: "ok", found };
}

async function docker(): Promise<Requirement> {
  const engine = await findEngine();
  if (!("what" in engine)) return ok("docker", `Engine ${engine.version}, API ${engine.api}, buildx ${engine.buildx}`);
  const system = readSystem();
  const able = system.root && system.family !== undefined && engine.what !== "api" && engine.what !== "access";
  const todo = able ? `${engine.message}; ./berth up installs and starts one` : engine.message;
  return { name: "docker", state: able ? "will do" : "missing", found: "-", todo };
}

async function images({ project, environment }: Context, stack: string): Promise<Requirement> {
  const settings = project.settings(stack);
  const { upstream, standIns, stale, missing, without } = await findImages(wantedImages(project.folder, settings, Object.values(project.applications(stack))));
  const lacking = [...missing, ...stale];
  const present = `${upstream.length + standIns.length} present${standIns.length === 0 ? "" : `, ${standIns.length} of them stand-ins`}`;
  const only = !takesStandIns(settings, false, environment);
  if (lacking.length + without.length === 0 && (!only || standIns.length === 0)) return ok("images", present);
  const hub = await hubReachable();
  if (only && !hub) return { name: "images", state: "missing", found: present, todo: standInRefusal(stack, "this machine", [...standIns, ...lacking, ...without]).message.replaceAll("\n", " ") };
  if (!hub && without.length > 0) {
    return { name: "images", state: "missing", found: present, todo: `Docker Hub does not answer, and there is no stand-in for ${without.join(", ")}: bring them with docker load` };
  }
  const todo = `./berth up ${hub ? "pulls" : "builds stand-ins for"} ${[...lacking, ...without, ...(only ? standIns : [])].length}`;
  return { name: "images", state: "will do", found: present, todo };
}

async function disk({ project, environment }: Context): Promise<Requirement> {
  const info = (await dockerClient(undefined, environment).info().catch(() => undefined)) as { DockerRootDir?: string } | undefined;
  const spaces = freeSpace([project.folder, ...(info?.DockerRootDir === undefined ? [] : [info.DockerRootDir])]);
  const found = spaces.map(({ folder, free }) => `${size(free)} free at ${folder}`).join(", ");
  const full = spaces.some(({ free }) => free < neededBytes);
  return full ? { name: "disk", state: "missing", found, todo: `make room: ${size(neededBytes)} are needed; docker system df shows what Docker holds` } : ok("disk", found);
}

async function ports({ project, environment }: Context, stack: string): Promise<Requirement> {
  const settings = project.settings(stack);
  return ok("ports", `${await requirePorts(dockerClient(settings.docker, environment), stack, stackEndpoints(settings))} free, or this stack's own`);
}

async function pulumi({ project, environment }: Context, engine: string | undefined): Promise<Requirement> {
  const cli = await findCli(project, environment);
  if ("command" in cli) return ok("pulumi", `${cli.version} at ${cli.command}`);
  if (engine === "pulumi") return { name: "pulumi", state: "missing", found: "-", todo: `${cli.reason}: see https://www.pulumi.com/docs/install` };
  return { name: "pulumi", state: "will do", found: "-", todo: `${cli.reason}: ./berth up downloads it, or uses the embedded engine` };
}

/** Whoever takes the server can delete what its keys can: the bucket must keep it. */
async function backups({ project, environment }: Context, stack: string, bucket: Bucket): Promise<Requirement> {
  const keys = await bucketKeys(project, stack, environment);
  if (keys === undefined) return { name: "backups", state: "missing", found: `bucket ${bucket.bucket}`, todo: `berth:s3Key and berth:s3Secret of stack "${stack}" are not set, or this machine's passphrase does not open them, so nobody knows whether the bucket keeps what is deleted` };
  return bucketRequirement(bucket.bucket, await keptBy(asking(bucket, keys)));
}

export function bucketRequirement(bucket: string, kept: Kept | undefined): Requirement {
  if (kept !== undefined) return ok("backups", `bucket ${bucket} keeps ${kept}`);
  return { name: "backups", state: "missing", found: `bucket ${bucket}`, todo: "it keeps nothing that is deleted, and whoever takes the server can delete the backups: switch on versioning or Object Lock, see docs/backup.md, Who takes the server" };
}

function passphrase({ project, environment }: Context): Requirement {
  if (environment["PULUMI_CONFIG_PASSPHRASE"] !== undefined) return ok("passphrase", "PULUMI_CONFIG_PASSPHRASE");
  const file = environment["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? `${project.folder}/.berth/passphrase`;
  if (!existsSync(file)) return { name: "passphrase", state: "will do", found: "-", todo: "./berth up generates one" };
  const open = (statSync(file).mode & 0o077) !== 0;
  return open ? { name: "passphrase", state: "will do", found: file, todo: `others can read it: chmod 600 ${file}` } : ok("passphrase", file);
}
