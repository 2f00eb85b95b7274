import type Dockerode from "dockerode";
import { labels, stackContainers } from "../../docker/labels.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { waitHealthy } from "../../docker/health.ts";
import { volumeOf } from "../../components/app/needs.ts";
import { sourcePath } from "../../components/snapshots/snapshot-config.ts";
import type { Report } from "../../standins/report.ts";
import { exitCodes, messageOf, OpsError } from "../exit.ts";
import { type Ended, lastLine, type Mount, runOnce } from "./container.ts";
import { step, tail } from "./restore-aside.ts";
import { optionFor, repositoryMounts, type Snapshot, type SnapshotParts } from "./snapshots.ts";

/** Seconds that a container may take to be healthy again. */
const startSeconds = 300;

/**
 * Puts a snapshot in the place of a volume's content: whoever mounts the volume is stopped, the present state becomes a
 * snapshot of its own, and what differs is written. Where anything fails after that, or the command is interrupted, the
 * present state is put back. All that ran before runs again in each case.
 *
 * @returns the snapshot of the state that was replaced; undefined where the volume was empty.
 */
export async function restoreSource(docker: Dockerode, parts: SnapshotParts, { source, id }: Snapshot, report: Report, signal: AbortSignal): Promise<string | undefined> {
  const heed = (state: string) => {
    if (signal.aborted) throw new OpsError(`interrupted; ${state}`, exitCodes.interrupted);
  };
  heed("nothing was changed");
  const volume = await volumeFor(docker, parts, source);
  const users = await usersOf(docker, parts.stack, volume);
  const work = (words: string[], writable: boolean, stop?: AbortSignal) => inSource(docker, parts, { source, volume, words, writable }, stop);
  // While it serves on.
  await work(["room", source, id], false, signal).catch((error: unknown) => {
    heed("nothing was changed");
    throw error;
  });
  let kept: string | undefined;
  let written = false;
  try {
    await step(report, "stop", async () => {
      await Promise.all(users.map(({ Id }) => docker.getContainer(Id).stop().catch(unlessStatus(304, 404))));
      return users.length === 0 ? `nothing runs with ${source}` : users.map(nameOf).join(", ");
    });
    heed("nothing was changed");
    await step(report, "keep", async () => {
      const said = lastLine(await work(["keep", source], false, signal));
      heed("nothing was changed");
      kept = said === "empty" ? undefined : said;
      return kept === undefined ? `${source} is empty` : `the present state is the snapshot ${kept}`;
    });
    await step(report, "restore", async () => {
      written = true;
      await work(["restore", source, id], true, signal);
      heed("the state of before is put back");
      return `${source} from ${id}`;
    });
  } catch (error) {
    if (written) await putBack(work, parts.stack, source, kept, error);
    await startAgain(docker, parts.stack, users, report);
    if (signal.aborted) throw new OpsError(`interrupted; ${source} is as it was`, exitCodes.interrupted);
    throw error;
  }
  await startAgain(docker, parts.stack, users, report);
  return kept;
}

type Work = (words: string[], writable: boolean) => Promise<Ended>;

/** @throws OpsError with what is to be done by hand where it fails. */
async function putBack(work: Work, stack: string, source: string, kept: string | undefined, error: unknown): Promise<void> {
  try {
    await work(kept === undefined ? ["clear", source] : ["restore", source, kept], true);
  } catch (again) {
    const before = kept === undefined ? `${source} was empty before; to restore it once more` : `It is the snapshot ${kept}`;
    throw new OpsError(`${messageOf(error)}\nThe state of before could not be put back: ${messageOf(again)}\n${before}: ./berth restore ${optionFor(source)}${kept === undefined ? "" : ` --set ${kept}`} -s ${stack}`);
  }
}

/** The name of a source's volume; on a new host it is made, as the next update would make it. */
async function volumeFor(docker: Dockerode, { stack, prefix }: SnapshotParts, source: string): Promise<string> {
  const [app = "", volume] = source.split("/");
  const name = `${prefix}-${volume === undefined ? `${app}-data` : volumeOf(app, volume)}`;
  const there = await docker.getVolume(name).inspect().catch(unlessStatus(404));
  if (there === undefined) await docker.createVolume({ Name: name, Labels: { [labels.stack]: stack, [labels.role]: "data", ...(volume !== undefined && { [labels.app]: app }) } });
  return name;
}

/** The containers that run with a volume, those that make snapshots of it among them. */
async function usersOf(docker: Dockerode, stack: string, volume: string): Promise<Dockerode.ContainerInfo[]> {
  const containers = await stackContainers(docker, stack);
  return containers.filter(({ State, Mounts }) => ["running", "restarting", "paused"].includes(State) && Mounts.some(({ Name }) => Name === volume));
}

async function startAgain(docker: Dockerode, stack: string, users: Dockerode.ContainerInfo[], report: Report): Promise<void> {
  if (users.length === 0) return;
  await step(report, "start", async () => {
    const problems = await Promise.all(
      users.map(async (user) => {
        await docker.getContainer(user.Id).start().catch(unlessStatus(304));
        const { Config } = await docker.getContainer(user.Id).inspect();
        const problem = Config.Healthcheck === undefined ? undefined : await waitHealthy(docker, user.Id, startSeconds);
        return problem === undefined ? [] : [`${nameOf(user)}: ${problem}`];
      }),
    );
    if (problems.flat().length > 0) throw new OpsError(`${problems.flat().join("\n")}\nWhat runs: ./berth status -s ${stack}`);
    return users.map(nameOf).join(", ");
  });
}

interface InSource {
  source: string;
  volume: string;
  words: string[];
  /** Whether the volume may be written. */
  writable: boolean;
}

/** Runs berth-snapshots with one source and the repository alone. @throws OpsError with its last lines where it fails. */
async function inSource(docker: Dockerode, parts: SnapshotParts, { source, volume, words, writable }: InSource, signal?: AbortSignal): Promise<Ended> {
  const mount: Mount = { Type: "volume", Source: volume, Target: sourcePath(source), ReadOnly: !writable };
  const ended = await runOnce(docker, parts.drill, {
    stack: parts.stack,
    command: ["berth-snapshots", ...words],
    mounts: repositoryMounts(parts, [mount]),
    network: true,
    ...(signal !== undefined && { signal }),
  });
  if (ended.code === 0) return ended;
  throw new OpsError(ended.code === 75 ? lastLine(ended) : `${words[0]} of ${source} failed. The last lines:\n${tail(ended.output)}`);
}

function nameOf({ Names }: Dockerode.ContainerInfo): string {
  return Names[0]?.slice(1) ?? "";
}
