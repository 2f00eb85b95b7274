import type Dockerode from "dockerode";
import { configValue, type Release } from "../../components/release/release-record.ts";
import { ownImages } from "../../config/settings/images.ts";
import type { Deployer } from "../deploy/deployer.ts";
import { messageOf, OpsError } from "../exit.ts";

/**
 * Looks for the images of a release, its applications' and those of Berth's own that its configuration names: on the Docker Engine that runs the stack, or else in their registry, which that
 * engine asks with the stack's login.
 *
 * @throws OpsError naming each image that is in neither.
 */
export async function requireImages(docker: Dockerode, deployer: Pick<Deployer, "login">, { number, images, config }: Pick<Release, "number" | "images" | "config">): Promise<void> {
  const missing = await Promise.all(
    [...Object.entries(images), ...namedIn(config)].map(async ([name, image]) => {
      const reason = await whyMissing(docker, deployer, image);
      return reason === undefined ? [] : [`  ${name}  ${image}: ${reason}`];
    }),
  );
  const lines = missing.flat();
  if (lines.length === 0) return;
  throw new OpsError([`nothing was changed: release ${number} can't run again, as these images are neither on the Docker Engine nor in the registry:`, ...lines, "Choose another release (--to), or check out its commit, build it and deploy it as a new one."].join("\n"));
}

function namedIn(config: Release["config"]): [key: string, image: string][] {
  const images = configValue(config["berth:images"] ?? "{}") as Record<string, string | undefined>;
  return Object.keys(ownImages).flatMap((key): [string, string][] => (images[key] === undefined ? [] : [[`berth:images.${key}`, images[key]]]));
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
