import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { extract } from "tar-stream";
import { statusOf } from "./errors.ts";
import { DockerError } from "./errors.ts";

/** Text of a small file in a container, which need not run and needs no programs for it; undefined where there is none. */
export async function fileOf(docker: Dockerode, id: string, path: string): Promise<string | undefined> {
  try {
    const archive = (await docker.getContainer(id).getArchive({ path })) as Readable;
    try {
      for await (const entry of archive.pipe(extract())) {
        let text = "";
        for await (const part of entry) text += String(part);
        return text;
      }
    } finally {
      // What is not read to its end would keep its connection, and with it this process.
      archive.destroy();
    }
  } catch (error) {
    if (statusOf(error) !== 404) throw new DockerError(`${path} can't be read: ${String(error)}`);
  }
  return undefined;
}

/** What Docker says of a path: its size in bytes, Go's mode bits, and where a link leads in the end. */
interface PathStat {
  size: number;
  mode: number;
  linkTarget: string;
}

/** Sizes in bytes of what may be a text that a person wrote. */
const largest = 256 * 1024;
const notAFile = 0x8f28_0000;

/** As {@link fileOf}, of a file of any size and where a link leads; undefined too for a folder, and for what is larger than 256 KiB. */
export async function scriptOf(docker: Dockerode, id: string, path: string): Promise<string | undefined> {
  const stat = await statOf(docker, id, path);
  if (stat === undefined) return undefined;
  if (stat.linkTarget !== "") return stat.linkTarget === path ? undefined : scriptOf(docker, id, stat.linkTarget);
  return stat.size > largest || (stat.mode & notAFile) !== 0 ? undefined : fileOf(docker, id, path);
}

async function statOf(docker: Dockerode, id: string, path: string): Promise<PathStat | undefined> {
  try {
    const answer = (await docker.getContainer(id).infoArchive({ path })) as unknown as IncomingMessage;
    answer.resume();
    return JSON.parse(Buffer.from(String(answer.headers["x-docker-container-path-stat"]), "base64").toString()) as PathStat;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw new DockerError(`${path} can't be read: ${String(error)}`);
  }
}
