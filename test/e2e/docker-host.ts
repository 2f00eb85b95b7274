import { execFileSync } from "node:child_process";
import lock from "../../config/images.lock.json" with { type: "json" };
import { eventually } from "./eventually.ts";
import { docker } from "./project.ts";

/** What a shell on the Docker host prints: from a container, since its files and processes are root's. */
export function onHost(script: string, ...options: string[]): string {
  return execFileSync("docker", ["run", "--rm", "--pull", "never", "--network", "none", ...options, lock.toolbox, "sh", "-c", script], { encoding: "utf8" });
}

/** What a command in a container prints on both channels, on a terminal; `user` empty for the container's own. */
export async function execute(container: string, user: string, command: string[]): Promise<string> {
  const exec = await docker.getContainer(container).exec({ Cmd: command, User: user, AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true, hijack: true });
  let output = "";
  for await (const part of stream) output += String(part);
  return output;
}

/**
 * Ends a container's first process as a crash does: Docker takes a kill of its own for the wish that it stays down. By a
 * container that sees the host's processes, since who may use Docker may not kill them otherwise.
 */
export async function crash(id: string): Promise<void> {
  const { State } = await docker.getContainer(id).inspect();
  onHost(`kill -KILL ${State.Pid}`, "--pid", "host");
}

/** Stops all of a container's processes where they are. The kernel can't while one is beginning, for example a health check: then again. */
export async function pause(id: string): Promise<void> {
  await eventually("the container is paused", 30_000, async () => {
    const error = await docker.getContainer(id).pause().catch((reason: Error) => reason);
    if (error instanceof Error && !error.message.includes("unable to freeze")) throw error;
    return error instanceof Error ? error.message : undefined;
  });
}

/** How long a server is cut off, in milliseconds. Each night long enough to show a wait between attempts that grows without end. */
export const outage = process.env["BERTH_TEST_SLOW"] === "1" ? 60_000 : 20_000;
