import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { containerLogs } from "../engine/docker/health.ts";
import { type BackupParts, dataDirectory, dataMount, type Mount, runOnce } from "./backup-container.ts";
import { OpsError } from "./exit.ts";
import { asideName, discardAside, findAside, serves, sql, step, tail } from "./restore-aside.ts";
import type { Report } from "./setup/report.ts";

/** Seconds that a server may take for a clean stop, and to be ready after the swap. */
const stopSeconds = 120;
const startSeconds = 600;

/**
 * Puts the restored data directory in the live server's place: copied beside it while that serves on, then the server
 * is stopped cleanly, its directory gets a dated name, and the server starts on the restored one. Nothing is deleted
 * but the restored server aside. Where the restored one does not start, the old one is put back.
 *
 * @returns the name of the old directory in the server's volume.
 */
export async function swap(docker: Dockerode, parts: BackupParts, report: Report, now: Date): Promise<string> {
  const { stack, server } = parts;
  const aside = await findAside(docker, parts);
  if (aside === undefined) throw new OpsError(`stack "${stack}" has no restored server to put in place: ./berth restore -s ${stack} makes one`);
  const kept = `${dataDirectory}.before-${now.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const restored = `${dataDirectory}.restored`;
  const script = (lines: string[], more: Mount[] = []) => inData(docker, parts, lines, more);

  await step(report, "stop aside", async () => {
    await docker.getContainer(aside.Id).stop({ t: stopSeconds }).catch(ignoreStopped);
    return aside.Name.slice(1);
  });
  await step(report, "copy", async () => {
    const from: Mount = { Type: "volume", Source: asideName(parts), Target: "/restored", ReadOnly: true };
    await script([`rm -rf ${restored}`, `cp -a --reflink=auto /restored/17 ${restored} || { rm -rf ${restored}; exit 1; }`, `rm -f ${restored}/postmaster.pid`, ...promoting(restored)], [from]);
    return `${restored}; the live server serves on`;
  });
  const live = docker.getContainer(server.Id);
  await step(report, "stop live", async () => {
    // One that does not serve can't stop in good order either; its data is kept all the same.
    const served = await serves(docker, server.Id);
    await live.stop({ t: stopSeconds }).catch(ignoreStopped);
    const { State } = await live.inspect();
    if (served && State.ExitCode !== 0) {
      await live.start();
      throw new OpsError(`the live server did not stop cleanly (exit code ${State.ExitCode}) and was started again; nothing was put in its place: ./berth logs postgres -s ${stack}`);
    }
    return server.Name.slice(1);
  });
  await step(report, "put in place", async () => {
    await script([`mv ${dataDirectory} ${kept}`, `mv ${restored} ${dataDirectory}`, "sync"]);
    return `the old data is ${kept}`;
  });
  await step(report, "start", async () => {
    await live.start();
    const problem = await ready(docker, server.Id);
    if (problem === undefined) return "ready for writes";
    const log = await containerLogs(docker, server.Id, 20);
    await live.stop({ t: stopSeconds }).catch(ignoreStopped);
    await script([`mv ${dataDirectory} ${restored}`, `mv ${kept} ${dataDirectory}`, "sync"]);
    await live.start();
    throw new OpsError(`the restored server ${problem}; the old data is in its place again, and serves. The last lines:\n${tail(log)}`);
  });
  await discardAside(docker, parts);
  return kept;
}

/** The restored server goes on to its target, and from there as a new timeline, instead of waiting. */
function promoting(directory: string): string[] {
  return [
    `if [ -e ${directory}/standby.signal ]; then mv ${directory}/standby.signal ${directory}/recovery.signal; else echo "recovery_target_action = 'promote'" >> ${directory}/postgresql.auto.conf; fi`,
    "sync",
  ];
}

/** A shell in a container like the live server's, with its data volume. */
async function inData(docker: Dockerode, { stack, server }: BackupParts, lines: string[], more: Mount[]): Promise<void> {
  const source = server.Mounts.find(({ Destination }) => Destination === dataMount)?.Name ?? "";
  const mounts: Mount[] = [{ Type: "volume", Source: source, Target: dataMount, ReadOnly: false }, ...more];
  const { code, output } = await runOnce(docker, server, { stack, command: ["sh", "-euc", lines.join("\n")], mounts });
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
