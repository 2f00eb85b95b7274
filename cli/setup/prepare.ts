import type Dockerode from "dockerode";
import type { Context } from "../command.ts";
import { dockerClient, requireDocker } from "../../docker/client.ts";
import { messageOf } from "../exit.ts";
import { requireSpace } from "./disk.ts";
import { ensureEngine } from "./engine.ts";
import { ensureImages } from "./images.ts";
import { requirePorts, stackEndpoints } from "./ports.ts";
import type { Report } from "../../standins/report.ts";
import { standInRefusal, standInsOn, takesStandIns } from "./stand-ins.ts";
import { baseImages, wantedImages } from "./wanted-images.ts";

/**
 * Makes this machine ready to run a stack, before anything of the stack is touched: Node and packages (done by
 * `berth`, told here), the Docker Engine, free space and ports, images. A stack on another host needs none of it here.
 *
 * @param standIns Somebody asks for stand-ins where the stack is not for development.
 */
export async function prepareMachine({ project, environment }: Context, stack: string, report: Report, standIns = false): Promise<Dockerode> {
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
  const wanted = wantedImages(project.folder, settings, Object.values(project.applications(stack)));
  const refused = takesStandIns(settings, standIns, environment) ? undefined : standInRefusal;
  if (!local) {
    const there = refused === undefined ? [] : await standInsOn(docker, wanted);
    if (there.length > 0) throw standInRefusal(stack, address, there);
    const bases = baseImages(project.builtFolders(stack));
    if (refused !== undefined && bases.size > 0) await ensureImages(report, bases, (images) => refused(stack, "this machine, which builds its images", images));
    report.note(`stack "${stack}" runs on ${address}: images and ports of this machine are not looked at`);
    return docker;
  }
  const { DockerRootDir } = (await docker.info()) as { DockerRootDir: string };
  await step(report, "disk", () => requireSpace([project.folder, DockerRootDir]));
  await step(report, "ports", async () => `${await requirePorts(docker, stack, stackEndpoints(settings))} free, or this stack's own`);
  await ensureImages(report, wanted, refused && ((images) => refused(stack, "this machine", images)));
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
