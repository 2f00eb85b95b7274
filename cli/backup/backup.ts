import type Dockerode from "dockerode";
import { backupParts, type Ended, lastLine, runOnce } from "./container.ts";
import { backupTable, listBackups } from "./list.ts";
import { type Command, jsonOption, stackOf, stackOption } from "../command.ts";
import { listSnapshots, snapshotParts, snapshotTable } from "./snapshots.ts";
import { dockerOf } from "../docker.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";

const actions = ["list", "verify", "drill"];

export const command: Command = {
  summary: "back up Postgres, Redis and volumes now; list, verify or try the backups",
  description: [
    "Without an action: makes a backup of Postgres now, beside those of the schedule, and snapshots of Redis and of the",
    "applications' volumes, where there are any. Each action is for all of them. list: what is in the repositories.",
    "verify: reads every file of it and compares checksums. drill: restores the newest backup aside, starts a server on it",
    "without a network, reads every row and checks every page, as the schedule does each week. Each runs in a container of",
    "its own on the stack's host. A backup of damaged pages fails, is kept, and removes no older one.",
  ].join("\n"),
  options: {
    stack: stackOption,
    type: { type: "string", value: "<type>", choices: ["full", "diff", "incr"], help: "everything, or what changed since the last full or the last backup (default: diff)" },
    json: jsonOption,
  },
  positionals: ["action"],
  actions,
  examples: ["./berth backup", "./berth backup --type full -s prod", "./berth backup list --json | jq -r '.backups[-1].label'", "./berth backup verify", "./berth backup drill"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const action = parsed.positionals[0];
    if (action !== undefined && !actions.includes(action)) throw usageError(`berth backup has no action "${action}": it has ${actions.join(", ")}, and without one it makes a backup`);
    if (action !== undefined && parsed.values["type"] !== undefined) throw usageError(`--type is for a backup that is made, not for berth backup ${action}`);
    const docker = await dockerOf(context, stack);
    const parts = await backupParts(docker, stack);
    const json = parsed.flags["json"] === true;
    const snapshots = await snapshotParts(docker, stack);
    if (action === "list") {
      const backups = await listBackups(docker, parts);
      const taken = snapshots === undefined ? undefined : await listSnapshots(docker, snapshots);
      if (json) terminal.json({ stack, backups, snapshots: taken ?? [] });
      else {
        terminal.result(backups.length === 0 ? `stack "${stack}" has no backup yet: ./berth backup --type full -s ${stack}` : backupTable(backups, new Date()));
        if (taken !== undefined) terminal.result(`\n${taken.length === 0 ? "there is no snapshot of Redis or a volume yet" : snapshotTable(taken, new Date())}`);
      }
      return exitCodes.ok;
    }
    if (action !== "verify" && [parts.backup, parts.drill].some(({ Id }) => Id === parts.server.Id)) {
      throw new OpsError(`the backups of stack "${stack}" do not run: the last update did not come to them, as where the repository has another database, on a new host. Restore that one: ./berth restore --all -s ${stack}; then ./berth up -s ${stack}`);
    }
    const command = action === undefined ? ["backup", parsed.values["type"] ?? "diff"] : [action];
    const run = (like: Dockerode.ContainerInspectInfo, program: string) => runOnce(docker, like, { stack, command: [program, ...command], network: true, onLine: (line) => terminal.line(line), signal });
    const ended: [what: string, Ended][] = [["Postgres", await run(action === "drill" ? parts.drill : parts.backup, "berth-backup")]];
    const like = action === "drill" ? snapshots?.drill : snapshots?.backup;
    if (like !== undefined && !signal.aborted) ended.push(["Redis and volumes", await run(like, "berth-snapshots")]);
    if (signal.aborted) return exitCodes.interrupted;
    const of = (what: string, said: string) => (ended.length > 1 ? `${what}: ${said}` : said);
    const failed = ended.filter(([, { code }]) => code !== 0).map(([what, end]) => of(what, end.code === 137 ? `${command.join(" ")} was killed; nothing of it is listed, and the next one starts anew` : lastLine(end)));
    if (failed.length > 0) throw new OpsError(failed.join("\n"));
    if (action === undefined) {
      const backup = (await listBackups(docker, parts)).at(-1);
      const made = [...(ended[1]?.[1].stdout.matchAll(/^\S+: snapshot ([0-9a-f]{8})$/gm) ?? [])].map(([, id]) => id);
      const taken = snapshots === undefined || made.length === 0 ? [] : (await listSnapshots(docker, snapshots)).filter(({ id }) => made.includes(id));
      if (json) terminal.json({ stack, backup, snapshots: taken });
      else {
        if (backup !== undefined) terminal.result(backupTable([backup], new Date()));
        if (taken.length > 0) terminal.result(`\n${snapshotTable(taken, new Date())}`);
      }
    } else if (json) terminal.json({ stack, action, passed: true });
    else for (const [what, end] of ended) terminal.result(of(what, lastLine(end)));
    return exitCodes.ok;
  },
};
