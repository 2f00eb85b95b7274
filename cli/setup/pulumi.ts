import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { messageOf } from "../exit.ts";
import type { Project } from "../project.ts";
import { cleanEnvironment } from "./clean-environment.ts";
import type { Report } from "../../standins/report.ts";

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
  const missing = missingPlugins(project, { command, version }, environment);
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
    if (which("pulumi", environment) === undefined && !existsSync(join(root, "bin", "pulumi"))) await download(root, environment);
    const command = which("pulumi", environment) ?? join(root, "bin", "pulumi");
    const version = (await versionOf(command, environment)) ?? "";
    for (const plugin of missingPlugins(project, { command, version }, environment)) {
      step.progress?.(`installing the plugin ${plugin}`);
      await execa(command, ["plugin", "install", ...plugin.split(" ")], { env: cleanEnvironment(environment), extendEnv: false, timeout: 120_000 });
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

/**
 * The Automation API's own installer, of the version of the SDK; about 70 ms where its host is out of reach. It runs a script
 * of get.pulumi.com, whose checksum nobody publishes: so in a process of its own, which knows none of the operator's secrets.
 */
async function download(root: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const program = 'const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js"); await PulumiCommand.install({ root: process.argv[1] });';
  await execa(process.execPath, ["--input-type=module", "--eval", program, root], { cwd: join(import.meta.dirname, "../.."), env: cleanEnvironment(environment), extendEnv: false });
}

async function versionOf(command: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await execa(command, ["version"], { env: { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" }, extendEnv: false, timeout: 30_000 });
    return stdout;
  } catch {
    return undefined;
  }
}

export function isRecent(version: string): boolean {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > oldestCli[0] || (Number(major) === oldestCli[0] && Number(minor) >= oldestCli[1]);
}

/**
 * Plugins as `<kind> <name> <version>`, found as Pulumi does: Pulumi.yaml, PATH, beside the CLI, `$PULUMI_HOME/plugins`.
 * The host of the language is of the CLI's own version, the providers are of package.json's.
 */
function missingPlugins(project: Project, { command, version }: Pick<Cli, "command" | "version">, environment: NodeJS.ProcessEnv): string[] {
  const beside = dirname(realpathSync(command));
  const home = join(environment["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "plugins");
  const here = (kind: string, name: string, wanted: string) =>
    which(`pulumi-${kind}-${name}`, environment) !== undefined || existsSync(join(beside, `pulumi-${kind}-${name}`)) || existsSync(join(home, `${kind}-${name}-v${wanted}`));
  const declared = declaredPlugins(project);
  const own = version.replace(/^v/, "");
  const wanted = [
    ["language", "nodejs", own] as const,
    ...providers.filter((name) => !declared.has(name)).map((name) => ["resource", name, providerVersion(project, name)] as const),
  ];
  return wanted.filter(([kind, name, version]) => !here(kind, name, version)).map((plugin) => plugin.join(" "));
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
