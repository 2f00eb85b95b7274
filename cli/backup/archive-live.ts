import { setTimeout as sleep } from "node:timers/promises";
import type Dockerode from "dockerode";
import { exitCodes, OpsError } from "../exit.ts";
import { serves, sql } from "./restore-aside.ts";

/** How long the live server may take to archive one segment, in milliseconds. */
const patience = 60_000;

/**
 * Brings what the live server has written until now into the repository, so that a restore can reach this moment: its log is
 * switched, and the segment waited for. A commit goes before, as a restore to a time ends at the first one after it.
 *
 * @returns undefined, or why the repository does not have all of it. A server that is gone has lost its last minute.
 */
export async function archiveLive(docker: Dockerode, id: string, stack: string, signal: AbortSignal): Promise<string | undefined> {
  if (!(await serves(docker, id))) return "the live server does not answer, so its newest minute may not be in the repository";
  if ((await sql(docker, id, "SELECT pg_is_in_recovery() OR current_setting('archive_mode') = 'off'")) === "t") return "the live server archives nothing";
  await sql(docker, id, "SELECT pg_current_xact_id()");
  const [segment = "", failed = ""] = (await sql(docker, id, "SELECT pg_walfile_name(pg_switch_wal()), failed_count FROM pg_stat_archiver")).split("|");
  if (!/^[0-9A-F]{24}$/.test(segment)) return `the live server does not say which segment of its log is the newest: ${segment}`;
  const query = `SELECT EXISTS (SELECT FROM pg_ls_archive_statusdir() WHERE name = '${segment}.done') OR coalesce(left(last_archived_wal, 24) >= '${segment}', false), failed_count FROM pg_stat_archiver`;
  for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(250)) {
    if (signal.aborted) throw new OpsError("interrupted; nothing was changed", exitCodes.interrupted);
    const [archived, failures = ""] = (await sql(docker, id, query)).split("|");
    if (archived === "t") return undefined;
    if (Number(failures) > Number(failed)) return `the live server can't archive its log, so its newest minutes are not in the repository: ./berth logs postgres -s ${stack}`;
  }
  return `the live server did not archive its log within ${patience / 1000} s, so its newest minutes may not be in the repository`;
}
