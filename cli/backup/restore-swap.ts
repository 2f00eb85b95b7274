import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { containerLogs } from "../../docker/health.ts";
import { type BackupParts, dataDirectory, dataMount, type Mount, runOnce } from "./container.ts";
import { exitCodes, messageOf, OpsError } from "../exit.ts";
import { roomFor } from "./room.ts";
import { asideName, discardAside, findAside, serves, sql, step, tail } from "./restore-aside.ts";
import type { Report } from "../../standins/report.ts";

/** Seconds that a server may take for a clean stop, and to be ready after the swap. */
const stopSeconds = 120;
const startSeconds = 600;

/**
 * Puts the restored data directory in the live server's place: copied beside it while that serves on, then the server
 * is stopped cleanly, its directory gets a dated name, and the server starts on the restored one. Nothing is deleted
 * but the restored server aside. Where anything fails once the live server is stopped, or the restored one does not start,
 * the old one is put back and started. An interruption is heeded until then; afterwards it is faster to go on.
 *
 * @returns the name of the old directory in the server's volume.
 */
export async function swap(docker: Dockerode, parts: BackupParts, report: Report, now: Date, signal: AbortSignal): Promise<string> {
  const { stack, server } = parts;
  const aside = await findAside(docker, parts);
  if (aside === undefined) throw new OpsError(`stack "${stack}" has no restored server to put in place: ./berth restore -s ${stack} makes one`);
  const kept = `${dataDirectory}.before-${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const restored = `${dataDirectory}.restored`;
  const script = (lines: string[], more: Mount[] = [], stop?: AbortSignal) => inData(docker, parts, lines, more, stop);
  const heed = () => {
    if (signal.aborted) throw new OpsError("interrupted; what is live was not changed, and the restored server stays aside", exitCodes.interrupted);
  };
  heed();

  await step(report, "stop aside", async () => {
    await docker.getContainer(aside.Id).stop({ t: stopSeconds }).catch(ignoreStopped);
    return aside.Name.slice(1);
  });
  await step(report, "copy", async () => {
    const from: Mount = { Type: "volume", Source: asideName(parts), Target: "/restored", ReadOnly: true };
    const needed = "$(du -sk /restored/17 | cut -f1)";
    await script([`rm -rf ${restored}`, ...roomFor(dataMount, needed), `cp -a --reflink=auto /restored/17 ${restored} || { rm -rf ${restored}; exit 1; }`, `rm -f ${restored}/postmaster.pid`, ...promoting(restored)], [from], signal).catch((error: unknown) => {
      heed();
      throw error;
    });
    return `${restored}; the live server serves on`;
  });
  heed();
  const live = docker.getContainer(server.Id);
  try {
    await step(report, "stop live", async () => {
      // One that does not serve can't stop in good order either; its data is kept all the same.
      const served = await serves(docker, server.Id);
      await live.stop({ t: stopSeconds }).catch(ignoreStopped);
      const { State } = await live.inspect();
      if (served && State.ExitCode !== 0) throw new OpsError(`the live server did not stop cleanly (exit code ${State.ExitCode}), so nothing was put in its place: ./berth logs postgres -s ${stack}`);
      return server.Name.slice(1);
    });
    await step(report, "put in place", async () => {
      await script([`mv -T ${dataDirectory} ${kept}`, `mv -T ${restored} ${dataDirectory}`, "sync"]);
      return `the old data is ${kept}`;
    });
    await step(report, "start", async () => {
      await live.start();
      const problem = await ready(docker, server.Id);
      if (problem === undefined) return "ready for writes";
      throw new OpsError(`the restored server ${problem}. The last lines:\n${tail(await containerLogs(docker, server.Id, 20))}`);
    });
  } catch (error) {
    const problem = await putBack(docker, parts, kept, restored);
    throw new OpsError(`${messageOf(error)}\n${problem ?? "The old data is in its place, and the server serves it again; the restored one is aside, stopped."}`);
  }
  await discardAside(docker, parts);
  return kept;
}

/** Serves the old data again, wherever the swap has stopped. Returns what is to be done by hand where it can't. */
async function putBack(docker: Dockerode, parts: BackupParts, kept: string, restored: string): Promise<string | undefined> {
  const live = docker.getContainer(parts.server.Id);
  try {
    await live.stop({ t: stopSeconds }).catch(ignoreStopped);
    await inData(docker, parts, [`[ -e ${kept}/PG_VERSION ] || exit 0`, `[ ! -e ${dataDirectory} ] || mv -T ${dataDirectory} ${restored}`, `mv -T ${kept} ${dataDirectory}`, "sync"], []);
  } catch (error) {
    await live.start().catch(() => undefined); // told below
    return `The old data could not be put back: ${messageOf(error)}\nIt is whole: in the volume ${parts.prefix}-postgres-data, ${kept} where that is there, else ${dataDirectory}. Move it to ${dataDirectory}, then docker start ${parts.server.Name.slice(1)}.`;
  }
  const problem = await live.start().catch(ignoreStopped).then(() => ready(docker, parts.server.Id), messageOf);
  return problem === undefined ? undefined : `The old data is in its place, but the server ${problem}: docker start ${parts.server.Name.slice(1)}, then ./berth logs postgres -s ${parts.stack}`;
}

/** The restored server goes on to its target, and from there as a new timeline, instead of waiting. */
function promoting(directory: string): string[] {
  return [
    `if [ -e ${directory}/standby.signal ]; then mv ${directory}/standby.signal ${directory}/recovery.signal; else echo "recovery_target_action = 'promote'" >> ${directory}/postgresql.auto.conf; fi`,
    "sync",
  ];
}

/** A shell in a container like the live server's, with its data volume. */
async function inData(docker: Dockerode, { stack, server }: BackupParts, lines: string[], more: Mount[], signal?: AbortSignal): Promise<void> {
  const source = server.Mounts.find(({ Destination }) => Destination === dataMount)?.Name ?? "";
  const mounts: Mount[] = [{ Type: "volume", Source: source, Target: dataMount, ReadOnly: false }, ...more];
  const { code, output } = await runOnce(docker, server, { stack, command: ["sh", "-euc", lines.join("\n")], mounts, ...(signal !== undefined && { signal }) });
  if (code !== 0) throw new OpsError(`the data directory could not be prepared; what is live was not changed by this step:\n${tail(output)}`);
}

/** Undefined once it takes writes; else what is wrong. */
async function ready(docker: Dockerode, id: string): Promise<string | undefined> {
  const deadline = Date.now() + startSeconds * 1000;
  while (Date.now() < deadline) {
    const { State, RestartCount } = await docker.getContainer(id).inspect();
    if (RestartCount > 0 || !State.Running) return `stopped with code ${State.ExitCode}`;
    if ((await sql(docker, id, "SELECT pg_is_in_recovery()").catch(() => "")) === "f") return undefined;
    await sleep(500);
  }
  return `was not ready after ${startSeconds} s`;
}

function ignoreStopped(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 304) throw error;
}
