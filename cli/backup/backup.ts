import { backupParts, lastLine, runOnce } from "./container.ts";
import { backupTable, listBackups } from "./list.ts";
import { type Command, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";

const actions = ["list", "verify", "drill"];

export const command: Command = {
  summary: "back up Postgres now; list, verify or try the backups",
  description: [
    "Without an action: makes a backup of Postgres now, beside those of the schedule. list: what is in the repository.",
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
    if (action === "list") {
      const backups = await listBackups(docker, parts);
      if (json) terminal.json({ stack, backups });
      else terminal.result(backups.length === 0 ? `stack "${stack}" has no backup yet: ./berth backup --type full -s ${stack}` : backupTable(backups, new Date()));
      return exitCodes.ok;
    }
    const command = action === undefined ? ["backup", parsed.values["type"] ?? "diff"] : [action];
    const ended = await runOnce(docker, action === "drill" ? parts.drill : parts.backup, { stack, command: ["berth-backup", ...command], network: true, onLine: (line) => terminal.line(line), signal });
    if (signal.aborted) return exitCodes.interrupted;
    const last = lastLine(ended);
    if (ended.code !== 0) throw new OpsError(ended.code === 137 ? `${command.join(" ")} was killed; nothing of it is listed, and the next one starts anew` : last);
    if (action === undefined) {
      const backup = (await listBackups(docker, parts)).at(-1);
      if (json) terminal.json({ stack, backup });
      else if (backup !== undefined) terminal.result(backupTable([backup], new Date()));
    } else if (json) terminal.json({ stack, action, passed: true });
    else terminal.result(last);
    return exitCodes.ok;
  },
};
