import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { baseRecipe, makeBase } from "../../standins/base.ts";
import { CommandError, docker, has, run } from "../../standins/docker.ts";
import { readMachine } from "../../standins/machine.ts";
import { mirror } from "../../standins/mirror.ts";
import { hubReachable } from "./hub.ts";
import { aptPackages, installPackages, readSystem, writeMirrorSetting, type System } from "./packages.ts";
import { SetupError } from "./error.ts";
import type { Report } from "../../standins/report.ts";

/** Docker Engine 25: the first whose health checks know a start interval. */
export const minimumApi = "1.44";

export interface Engine {
  /** Of the engine, for example 26.1.5. */
  version: string;
  api: string;
  buildx: string;
  /** How it came to be there. */
  how: "found" | "started" | "installed";
}

/** What stands in the way of an engine, and what to do about it. */
export interface Lack {
  what: "client" | "engine" | "access" | "api" | "buildx";
  message: string;
}

/** Asks the engine that DOCKER_HOST, the context or the default socket names. Changes nothing. */
export async function findEngine(): Promise<Omit<Engine, "how"> | Lack> {
  const [answer, plugin] = await Promise.allSettled([
    docker(["version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"], { timeoutMs: 10_000 }),
    docker(["buildx", "version"], { timeoutMs: 10_000 }),
  ]);
  if (answer.status === "rejected") return lackFrom(answer.reason);
  const [version = "", api = ""] = answer.value.split(" ");
  if (!atLeast(api, minimumApi)) return { what: "api", message: `Docker Engine ${version} speaks API ${api}, ${minimumApi} or later is needed (Engine 25): upgrade it` };
  const buildx = plugin.status === "fulfilled" ? /\bv?(\d+\.\d+\.\d+)/.exec(plugin.value)?.[1] : undefined;
  if (buildx === undefined) return { what: "buildx", message: "docker buildx is missing: install the package docker-buildx (Debian, Ubuntu) or docker-buildx-plugin (Docker's own packages)" };
  return { version, api, buildx };
}

/**
 * Sees to it that a Docker Engine answers. One that does is used as it is; as root on Debian or Ubuntu one is
 * installed and started.
 *
 * @param folder the project's folder by default; the engine's log and process id go to its `.berth/`
 * @throws SetupError saying what is missing and what to do
 */
export async function ensureEngine(report: Report, folder = fileURLToPath(new URL("../..", import.meta.url))): Promise<Engine> {
  const step = report.step("engine");
  try {
    const found = await findEngine();
    if (!("what" in found)) {
      step.done(describe(found));
      return { ...found, how: "found" };
    }
    const system = readSystem();
    const elsewhere = await namedElsewhere();
    if (found.what === "api" || found.what === "access" || elsewhere !== undefined) throw new SetupError(elsewhere === undefined ? found.message : `${found.message}\n${elsewhere}`);
    if (!system.root || system.family === undefined) throw new SetupError(`${found.message}\n${byHand(system)}`);

    const mirrored = !(await hubReachable());
    const engine = found.what !== "buildx" && !(await has("dockerd"));
    const packages = engine || found.what !== "engine" ? aptPackages(system, { engine, client: true, standIns: false }) : [];
    if (packages.length > 0) {
      step.progress?.(`installing ${packages.join(", ")}`);
      if (mirrored && engine) await beginBase(system);
      if (mirrored && engine && system.systemd) writeMirrorSetting();
      await installPackages(system, packages);
    }
    if (found.what !== "buildx") {
      step.progress?.("starting it");
      await startEngine(system, folder, mirrored);
    }
    const now = await findEngine();
    if ("what" in now) throw new SetupError(now.message);
    const how = packages.length > 0 ? "installed" : "started";
    step.done(`${describe(now)}, ${how}${mirrored ? `: Docker Hub does not answer, so it asks the mirror on ${mirror.address}` : ""}`);
    return { ...now, how };
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error instanceof CommandError ? new SetupError(error.message) : error;
  }
}

/** Compares API versions such as 1.44. */
export function atLeast(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = minimum.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Tells from what `docker version` printed why there was no answer. */
export function lackFrom(error: unknown): Lack {
  const text = error instanceof CommandError ? error.output : String(error);
  if (error instanceof CommandError && /ENOENT/.test(error.message)) return { what: "client", message: "there is no docker command on PATH" };
  if (/permission denied/i.test(text)) return { what: "access", message: "this user may not use Docker's socket: add it to the group docker (sudo usermod -aG docker $USER, then log in again)" };
  const line = text.trim().split("\n").at(-1) ?? "";
  return { what: "engine", message: `no Docker Engine answers${line === "" ? "" : `: ${line}`}` };
}

/** Making the Debian of the stand-ins takes as long as installing an engine, and needs none: it goes on beside that. */
async function beginBase(system: System): Promise<void> {
  // With the certificates first, which are a part of it.
  await installPackages(system, [...aptPackages(system, { engine: false, client: false, standIns: true }), "ca-certificates"]);
  const machine = await readMachine();
  void makeBase(await baseRecipe(machine), machine).catch(() => undefined); // told when it is wanted
}

/** An engine that the user named is never replaced by one of ours. */
async function namedElsewhere(): Promise<string | undefined> {
  const host = process.env["DOCKER_HOST"];
  if (host) return `DOCKER_HOST names ${host}: start that engine, or unset DOCKER_HOST`;
  const context = await docker(["context", "show"]).catch(() => "default");
  return context === "default" ? undefined : `the docker context is ${context}: start that engine, or choose another with docker context use default`;
}

function byHand(system: System): string {
  const why = system.family === undefined ? `${system.name} is neither Debian nor Ubuntu` : "this user is not root";
  return `Berth installs an engine itself only as root on Debian or Ubuntu, and ${why}. Install Docker Engine 25 or later with buildx (https://docs.docker.com/engine/install), start it, and run this again.`;
}

function describe(engine: Omit<Engine, "how">): string {
  return `Docker Engine ${engine.version}, API ${engine.api}, buildx ${engine.buildx}`;
}

async function startEngine(system: System, folder: string, mirrored: boolean): Promise<void> {
  const generated = join(folder, ".berth");
  const log = join(generated, "logs", "dockerd.log");
  if (system.systemd) await run("systemctl", ["enable", "--now", "docker.service"]);
  else {
    mkdirSync(join(generated, "logs"), { recursive: true });
    const output = openSync(log, "a");
    // The defaults are enough for about thirty networks; a stack has one for each application, and some of its own.
    const pools = ["--default-address-pool", "base=172.17.0.0/16,size=24", "--default-address-pool", "base=10.128.0.0/12,size=24"];
    // Detached: in a session of its own, so that it outlives this command and its terminal; and in a folder that stays,
    // since it could fetch no git address once the checkout is removed.
    const daemon = spawn("dockerd", [...pools, ...(mirrored ? ["--registry-mirror", mirror.url] : [])], { cwd: "/", detached: true, stdio: ["ignore", output, output] });
    daemon.on("error", () => undefined); // the wait below tells
    daemon.unref();
    writeFileSync(join(generated, "dockerd.pid"), `${String(daemon.pid ?? "")}\n`);
  }
  for (const started = Date.now(); Date.now() - started < 60_000; ) {
    if (await docker(["version"], { timeoutMs: 5000 }).then(() => true, () => false)) return;
    await sleep(300);
  }
  const tail = system.systemd ? "see journalctl -u docker" : existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").slice(-10).join("\n") : "";
  throw new SetupError(`dockerd does not answer 60 s after its start\n${tail}`);
}
