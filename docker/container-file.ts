import type Dockerode from "dockerode";
import { extract } from "tar-stream";
import { statusOf } from "./errors.ts";
import { DockerError } from "./errors.ts";

/** Text of a small file in a container, which need not run and needs no programs for it; undefined where there is none. */
export async function fileOf(docker: Dockerode, id: string, path: string): Promise<string | undefined> {
  try {
    const archive = await docker.getContainer(id).getArchive({ path });
    for await (const entry of archive.pipe(extract())) {
      let text = "";
      for await (const part of entry) text += String(part);
      return text;
    }
  } catch (error) {
    if (statusOf(error) !== 404) throw new DockerError(`${path} can't be read: ${String(error)}`);
  }
  return undefined;
}
