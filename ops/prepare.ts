import type Dockerode from "dockerode";
import type { Context } from "./command.ts";
import { dockerClient, requireDocker } from "./docker.ts";
import { messageOf } from "./exit.ts";
import { requireSpace } from "./setup/disk.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { requirePorts, stackEndpoints } from "./setup/ports.ts";
import type { Report } from "./setup/report.ts";
import { wantedImages } from "./setup/wanted-images.ts";

/**
 * Makes this machine ready to run a stack, before anything of the stack is touched: Node and packages (done by
 * `berth`, told here), the Docker Engine, free space and ports, images. A stack on another host needs none of it here.
 */
export async function prepareMachine({ project, environment }: Context, stack: string, report: Report): Promise<Dockerode> {
  report.step("node").done(`${process.version.slice(1)}, packages as in package-lock.json`);
  const settings = project.settings(stack);
  const host = settings.docker;
  const address = host ?? environment["DOCKER_HOST"];
  const local = address === undefined || address.startsWith("unix://");
  if (local) requireSpace([project.folder]);
  // Images are built by this machine's engine, wherever they run.
  if (local || host !== undefined) await ensureEngine(report, project.folder);
  const docker = dockerClient(host, environment);
  await requireDocker(docker);
  if (!local) {
    report.note(`stack "${stack}" runs on ${address}: images and ports of this machine are not looked at`);
    return docker;
  }
  const { DockerRootDir } = (await docker.info()) as { DockerRootDir: string };
  await step(report, "disk", () => requireSpace([project.folder, DockerRootDir]));
  await step(report, "ports", async () => `${await requirePorts(docker, stack, stackEndpoints(settings))} free, or this stack's own`);
  await ensureImages(report, wantedImages(project.folder, settings, Object.values(Object.values(project.applications(stack)))));
  return docker;
}

async function step(report: Report, name: string, check: () => string | Promise<string>): Promise<void> {
  const running = report.step(name);
  try {
    running.done(await check());
  } catch (error) {
    running.fail(messageOf(error).split("\n")[0] ?? "");
    throw error;
  }
}
