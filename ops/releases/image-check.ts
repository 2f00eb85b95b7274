import type Dockerode from "dockerode";
import type { Release } from "../../components/release-record.ts";
import type { Deployer } from "../deployer.ts";
import { messageOf, OpsError } from "../exit.ts";

/**
 * Looks for the images of a release: on the Docker Engine that runs the stack, or else in their registry, which that
 * engine asks with the stack's login.
 *
 * @throws OpsError naming each image that is in neither.
 */
export async function requireImages(docker: Dockerode, deployer: Pick<Deployer, "login">, { number, images }: Pick<Release, "number" | "images">): Promise<void> {
  const missing = await Promise.all(
    Object.entries(images).map(async ([app, image]) => {
      const reason = await whyMissing(docker, deployer, image);
      return reason === undefined ? [] : [`  ${app}  ${image}: ${reason}`];
    }),
  );
  const lines = missing.flat();
  if (lines.length === 0) return;
  throw new OpsError([`nothing was changed: release ${number} can't run again, as these images are neither on the Docker Engine nor in the registry:`, ...lines, "Choose another release (--to), or check out its commit, build it and deploy it as a new one."].join("\n"));
}

async function whyMissing(docker: Dockerode, deployer: Pick<Deployer, "login">, image: string): Promise<string | undefined> {
  const local = await docker.getImage(image).inspect().then(() => true, () => false);
  if (local) return undefined;
  const address = image.split("/")[0] ?? "";
  const login = await deployer.login(address);
  try {
    await docker.getImage(image).distribution(login === undefined ? {} : { authconfig: { ...login, serveraddress: address } });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
