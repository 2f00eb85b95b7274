import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { messageOf } from "../exit.ts";
import type { Project } from "../project.ts";
import type { Report } from "./report.ts";

const run = promisify(execFile);

/** The oldest CLI that this project is tested with. */
export const oldestCli: readonly [number, number] = [3, 200];

const providers = ["docker", "docker-build", "random"] as const;

export interface Cli {
  command: string;
  version: string;
  /** Folder above `bin/pulumi`, for the Automation API; undefined where the CLI is on PATH. */
  root?: string;
}

/** What was looked for and not found; `reason` is a sentence for people. */
export interface NoCli {
  reason: string;
}

/** Finds a Pulumi CLI with its language host and provider plugins, on PATH or in `.berth/tools/pulumi`. Installs nothing. */
export async function findCli(project: Project, environment: NodeJS.ProcessEnv): Promise<Cli | NoCli> {
  const root = project.generated("tools", "pulumi");
  const downloaded = join(root, "bin", "pulumi");
  const onPath = which("pulumi", environment);
  const command = onPath ?? (existsSync(downloaded) ? downloaded : undefined);
  if (command === undefined) return { reason: "no pulumi on PATH" };
  const version = await versionOf(command, environment);
  if (version === undefined) return { reason: `${command} does not run` };
  if (!isRecent(version)) return { reason: `${command} is ${version}, ${oldestCli.join(".")} or later is needed` };
  const missing = missingPlugins(project, command, environment);
  if (missing.length > 0) return { reason: `${command} lacks ${missing.join(", ")}` };
  return { command, version, root: onPath === undefined ? root : undefined };
}

/**
 * The Pulumi CLI, downloaded into the project's folder where there is none, or the reason why it can't be had:
 * then the embedded engine takes its place.
 */
export async function ensureCli(project: Project, environment: NodeJS.ProcessEnv, report: Report): Promise<Cli | NoCli> {
  const found = await findCli(project, environment);
  if ("command" in found) return found;
  const root = project.generated("tools", "pulumi");
  const step = report.step("pulumi");
  step.progress?.(`${found.reason}: downloading the CLI into .berth/tools/pulumi`);
  try {
    if (which("pulumi", environment) === undefined && !existsSync(join(root, "bin", "pulumi"))) await download(root);
    const command = which("pulumi", environment) ?? join(root, "bin", "pulumi");
    for (const plugin of missingPlugins(project, command, environment)) {
      step.progress?.(`installing the plugin ${plugin}`);
      const [kind = "", name = "", version = ""] = plugin.split(" ");
      await run(command, ["plugin", "install", kind, name, version], { env: environment, timeout: 120_000 });
    }
  } catch (error) {
    const reason = `${found.reason}, and it can't be downloaded (${firstLine(messageOf(error))})`;
    step.done(reason);
    return { reason };
  }
  const installed = await findCli(project, environment);
  step.done("command" in installed ? `${installed.version} at ${installed.command}` : installed.reason);
  return installed;
}

/** The Automation API's own installer; about 70 ms where its host is out of reach. */
async function download(root: string): Promise<void> {
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  await PulumiCommand.install({ root });
}

async function versionOf(command: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ["version"], { env: { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 30_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

export function isRecent(version: string): boolean {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > oldestCli[0] || (Number(major) === oldestCli[0] && Number(minor) >= oldestCli[1]);
}

/** Plugins as `<kind> <name> <version>`, found as Pulumi does: Pulumi.yaml, PATH, beside the CLI, `$PULUMI_HOME/plugins`. */
function missingPlugins(project: Project, command: string, environment: NodeJS.ProcessEnv): string[] {
  const beside = dirname(realpathSync(command));
  const here = (binary: string) => which(binary, environment) !== undefined || existsSync(join(beside, binary));
  const home = join(environment["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "plugins");
  const declared = declaredPlugins(project);
  const missing = here("pulumi-language-nodejs") ? [] : ["language nodejs"];
  for (const name of providers) {
    const version = providerVersion(project, name);
    const found = declared.has(name) || here(`pulumi-resource-${name}`) || existsSync(join(home, `resource-${name}-v${version}`));
    if (!found) missing.push(`resource ${name} ${version}`);
  }
  return missing;
}

function declaredPlugins(project: Project): Set<string> {
  const file = parse(readFileSync(join(project.folder, "Pulumi.yaml"), "utf8")) as { plugins?: { providers?: { name: string }[] } };
  return new Set((file.plugins?.providers ?? []).map(({ name }) => name));
}

function providerVersion(project: Project, name: string): string {
  const file = readFileSync(join(project.folder, "node_modules", "@pulumi", name, "package.json"), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}

/** The first executable file of that name on PATH. */
export function which(binary: string, environment: NodeJS.ProcessEnv): string | undefined {
  return (environment["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, binary))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function firstLine(text: string): string {
  return text.trim().split("\n").find((line) => line.trim() !== "")?.slice(0, 160) ?? "no reason given";
}
