import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { containerLogs } from "../../docker/health.ts";
import { type BackupParts, createLike, dataDirectory, dataMount, type Mount, mountsOf, runOnce } from "./container.ts";
import { labels } from "../../docker/labels.ts";
import { exitCodes, OpsError } from "../exit.ts";
import { roomFor } from "./room.ts";
import { describeTarget, restoreArguments, type RestoreTarget } from "./restore-target.ts";
import { outputOf } from "../../docker/exec.ts";
import { superuserOptions } from "../../components/postgres/postgres-layout.ts";
import type { Report } from "../../standins/report.ts";

const socket = "/var/run/postgresql";
/** The server's own user, whom alone the socket lets in. */
const user = "999:999";

/** Name of the container and of the volume of a stack's restored server. */
export function asideName({ prefix }: Pick<BackupParts, "prefix">): string {
  return `${prefix}-postgres-restore`;
}

export async function findAside(docker: Dockerode, parts: Pick<BackupParts, "prefix">): Promise<Dockerode.ContainerInspectInfo | undefined> {
  const name = asideName(parts);
  const found = await docker.listContainers({ all: true, filters: { name: [`^/${name}$`] } });
  return found[0] === undefined ? undefined : docker.getContainer(found[0].Id).inspect();
}

/**
 * Restores into a volume of its own and starts a server on it: hardened as the live one, without a network, without
 * archiving, read-only at the target. The live server is not touched.
 *
 * @param needed Bytes of the database that is restored.
 * @returns its container's name.
 * @throws OpsError where one is there already, there is too little disk, or with the end of the log of what failed.
 */
export async function restoreAside(docker: Dockerode, parts: BackupParts, target: RestoreTarget, report: Report, signal: AbortSignal, needed = 0): Promise<string> {
  const { stack, server, backup } = parts;
  const name = asideName(parts);
  if ((await findAside(docker, parts)) !== undefined) {
    throw new OpsError(`${name} is there already: put it in place by ./berth restore --swap -s ${stack}, or remove it by ./berth restore --discard -s ${stack}`);
  }
  await removeAsideVolume(docker, parts);
  await docker.createVolume({ Name: name, Labels: { [labels.stack]: stack, [labels.role]: "restore" } });
  const data: Mount = { Type: "volume", Source: name, Target: dataMount, ReadOnly: false };
  await step(report, "restore", async () => {
    const script = [...roomFor(dataMount, Math.ceil(needed / 1024)), `mkdir -m 700 -p ${dataDirectory}; exec pgbackrest "$@" restore`].join("\n");
    const command = ["sh", "-ec", script, "restore", ...restoreArguments(target)];
    const ended = await runOnce(docker, backup, { stack, command, mounts: [data, ...mountsBut(backup, [dataMount])], network: true, signal });
    if (ended.code === 0) return describeTarget(target);
    await removeAsideVolume(docker, parts);
    if (signal.aborted) throw new OpsError("interrupted: what was restored is removed, the live server was not touched", exitCodes.interrupted);
    throw new OpsError(`${describeTarget(target)} could not be restored; the live server was not touched. The last lines:\n${tail(ended.output)}`);
  });
  await step(report, "server", async () => {
    const command = [server.Config.Entrypoint ?? [], server.Config.Cmd, "-c", "archive_mode=off", "-c", "hot_standby=on"].flat();
    const mounts = [data, ...mountsBut(server, [dataMount, socket]).map((mount) => ({ ...mount, ReadOnly: true }))];
    // A socket of its own: on the live server's volume it would answer in its place.
    const tmpfs = { [socket]: "rw,noexec,nosuid,nodev,size=16m,mode=1777" };
    // A server of an earlier version does not have it.
    const env = [`PGOPTIONS=${superuserOptions}`];
    const container = await createLike(docker, server, { stack, command, name, mounts, network: true, tmpfs, env });
    await container.start();
    try {
      return await recovered(docker, container.id, target, signal);
    } catch (error) {
      await discardAside(docker, parts);
      throw error;
    }
  });
  return name;
}

/** Removes the restored server with its data; nothing where there is none. Returns whether there was one. */
export async function discardAside(docker: Dockerode, parts: Pick<BackupParts, "prefix">): Promise<boolean> {
  const aside = await findAside(docker, parts);
  if (aside !== undefined) await docker.getContainer(aside.Id).remove({ force: true });
  return (await removeAsideVolume(docker, parts)) || aside !== undefined;
}

/**
 * SQL in a server's container, as the superuser: lines of cells that `|` divides. Nothing that an application left in its
 * database runs with its rights; so names of tables are qualified, and views of applications are refused.
 */
export function sql(docker: Dockerode, id: string, query: string, database = "postgres"): Promise<string> {
  return outputOf(docker, id, { command: ["psql", "--no-psqlrc", "-P", "pager=off", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "postgres", "-d", database, "-Atqc", query], user, env: [`PGOPTIONS=${superuserOptions}`] }).then((text) => text.trim());
}

/** Whether a server answers; one that is damaged may run and not. */
export function serves(docker: Dockerode, id: string): Promise<boolean> {
  return sql(docker, id, "SELECT 1").then(() => true, () => false);
}

/** Waits until the server stands at its target, however long the log is that it reads. */
async function recovered(docker: Dockerode, id: string, target: RestoreTarget, signal: AbortSignal): Promise<string> {
  const query = "SELECT pg_get_wal_replay_pause_state(), pg_last_wal_replay_lsn(), coalesce(pg_last_xact_replay_timestamp()::text, 'none') FROM (SELECT) AS one WHERE pg_is_in_recovery()";
  let position = "";
  let unchanged = 0;
  for (;;) {
    if (signal.aborted) throw new OpsError("interrupted: the restored server is removed, the live one was not touched", exitCodes.interrupted);
    const { State } = await docker.getContainer(id).inspect();
    if (!State.Running) {
      const log = await containerLogs(docker, id, 20);
      const why = log.includes("recovery ended before configured recovery target was reached")
        ? "the log in the repository ends before that time: choose an earlier one, or leave --to away for the newest state"
        : `the restored server stopped with code ${State.ExitCode}`;
      throw new OpsError(`${why}. The live server was not touched. Its last lines:\n${tail(log)}`);
    }
    const [state = "", lsn = "", last = ""] = await sql(docker, id, query).then((line) => line.split("|"), () => []);
    // It looks for another segment every 5 s; one that does not come for longer is not in the repository.
    unchanged = lsn !== "" && lsn === position ? unchanged + 1 : 0;
    position = lsn;
    if (target === "newest" && unchanged >= 14) await sql(docker, id, "SELECT pg_wal_replay_pause()");
    if (state === "paused") return `stands at ${lsn}; last transaction ${last}`;
    await sleep(500);
  }
}

function mountsBut(like: Dockerode.ContainerInspectInfo, targets: string[]): Mount[] {
  return mountsOf(like).filter(({ Target }) => !targets.includes(Target));
}

async function removeAsideVolume(docker: Dockerode, parts: Pick<BackupParts, "prefix">): Promise<boolean> {
  try {
    await docker.getVolume(asideName(parts)).remove();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

export async function step(report: Report, name: string, work: () => Promise<string>): Promise<void> {
  const running = report.step(name);
  try {
    running.done(await work());
  } catch (error) {
    running.fail("failed");
    throw error;
  }
}

export function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-20).map((line) => `  | ${line.trimEnd()}`).join("\n");
}
