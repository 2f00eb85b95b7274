import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type Dockerode from "dockerode";
import { containerLogs } from "../engine/docker/health.ts";
import type { ResourceEvent } from "./deployer.ts";
import { stackContainers } from "./docker.ts";
import { messageOf, OpsError } from "./exit.ts";
import type { Project } from "./project.ts";
import { types } from "./resource-types.ts";

/** Lines of a log that are shown. */
const tail = 20;

/**
 * The error of a failed update with the cause of each failure, which the Pulumi providers leave out: of a container
 * that did not get healthy they tell nothing else, and of a failed build "exit status 1".
 */
export async function withCauses(error: unknown, failed: ResourceEvent[], docker: Dockerode, stack: string, project: Project): Promise<Error> {
  const lines: string[] = [];
  for (const { type, name } of failed) {
    if (type === types.container) lines.push(...(await containerCause(docker, stack, name)));
    if (type === types.built) lines.push(...(await buildCause(contextOf(project, stack, name.replace(/-image$/, "")))));
  }
  if (/address pool among the defaults/.test(messageOf(error))) lines.push(addressPools);
  if (lines.length === 0) return error instanceof Error ? error : new OpsError(messageOf(error));
  return new OpsError([messageOf(error), ...lines].join("\n"), error instanceof OpsError ? error.code : undefined);
}

const addressPools = `The Docker Engine has no addresses left for another network: by its defaults about thirty, for all stacks of a host. Give it more in /etc/docker/daemon.json, {"default-address-pools": [{"base": "10.128.0.0/12", "size": 24}]}, restart it, and run this again; or take a stack down.`;

/** The folder that an image is built from: the application's, or that of a part of Berth's own. */
function contextOf(project: Project, stack: string, name: string): string {
  const folder = project.applications(stack)[name] ?? name;
  return [join(project.folder, "apps", folder), join(project.folder, "images", name)].find((path) => existsSync(join(path, "Dockerfile"))) ?? folder;
}

/** State and last lines of the newest container that a resource made: its name, and a random suffix. */
async function containerCause(docker: Dockerode, stack: string, resource: string): Promise<string[]> {
  const made = (await stackContainers(docker, stack)).filter(({ Names }) => new RegExp(`^/${resource}-[0-9a-f]{7}$`).test(Names[0] ?? ""));
  const newest = made.at(-1);
  if (newest === undefined) return [];
  const container = docker.getContainer(newest.Id);
  const { State } = await container.inspect();
  const probe = State.Health?.Log.at(-1)?.Output.trim();
  const log = await containerLogs(docker, newest.Id, tail);
  return [
    `${newest.Names[0]?.slice(1)} is ${State.Status}${State.Status === "exited" ? ` with code ${State.ExitCode}` : ""}${State.Health === undefined ? "" : `, ${State.Health.Status}`}${probe ? `; its health check said: ${probe}` : ""}. Its last lines:`,
    ...logLines(log),
  ];
}

/** Builds once more without pushing, to see why it fails; the steps that succeeded come from the cache. */
async function buildCause(context: string): Promise<string[]> {
  const command = ["docker", "buildx", "--builder", "default", "build", "--progress", "plain", context];
  const lines = await new Promise<string[]>((resolve) => {
    let output = "";
    const child = spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", (error) => resolve([error.message]));
    child.on("close", (code) => resolve(code === 0 ? [] : logLines(output)));
  });
  const again = `(${command.join(" ")})`;
  if (lines.length > 0) return [`the image of ${context} can't be built ${again}. The last lines:`, ...lines];
  return [`the image of ${context} can be built ${again}: it could not be pushed, see the registry: ./berth logs registry`];
}

function logLines(text: string): string[] {
  return text.trimEnd().split("\n").slice(-tail).map((line) => `  | ${line.trimEnd()}`);
}
