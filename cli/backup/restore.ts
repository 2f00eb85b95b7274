import type { Parsed } from "../arguments.ts";
import { type Context, type Command, jsonOption, stackOf, stackOption } from "../command.ts";
import { archiveLive } from "./archive-live.ts";
import { backupParts, serverParts } from "./container.ts";
import { listBackups } from "./list.ts";
import { neededFor } from "./room.ts";
import { dockerOf } from "../docker.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";
import { interruptible } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { confirm } from "../prompts.ts";
import { asideName, discardAside, findAside, restoreAside, serves } from "./restore-aside.ts";
import { namedSource, requireSnapshot, restoreAll, type Restored, restoredFrom, restoredTable } from "./restore-all.ts";
import { restoreSource } from "./restore-source.ts";
import { type RestoreTarget, restoreTarget } from "./restore-target.ts";
import { swap } from "./restore-swap.ts";
import { compareRows, rowTable } from "./row-counts.ts";
import { listSnapshots, optionFor, snapshotParts } from "./snapshots.ts";

export const command: Command = {
  summary: "Postgres, Redis, a volume or the whole stack as it was",
  description: [
    "Restores Postgres from its backups into a server aside: its own volume, no network, read-only. Shows how to look at",
    "it, and the rows of each table beside those of the live server, which is not touched. --swap then puts it in the live",
    "server's place, after a question: the live server is stopped cleanly, and its data kept beside under a dated name.",
    "--discard removes the server aside. Without --to and --set it is the newest state. The live server, where it\nanswers, archives its log first: a restore reaches up to this moment.",
    "--redis and --volume put a snapshot in the place of what is there: who uses it is stopped meanwhile, and the present",
    "state becomes a snapshot first. --all does so with all of the stack, Postgres too: also where the host is new.",
  ].join("\n"),
  options: {
    stack: stackOption,
    to: { type: "string", value: "<time>", help: 'the state at a time, "2025-03-01 09:30:00" (UTC) or "2025-03-01 10:30:00+01:00"' },
    set: { type: "string", value: "<label>", help: "the state at the end of a backup, or a snapshot, as ./berth backup list names it" },
    redis: { type: "boolean", help: "Redis, from its snapshots" },
    volume: { type: "string", value: "<app/volume>", help: "a volume of an application, for example shop/data" },
    all: { type: "boolean", help: "Postgres, Redis and every volume, put in place" },
    swap: { type: "boolean", help: "put the restored server in the live one's place" },
    discard: { type: "boolean", help: "remove the restored server" },
    yes: { type: "boolean", short: "y", help: "don't ask before something is replaced" },
    json: jsonOption,
  },
  examples: ['./berth restore --to "2025-03-01 09:30:00"', "./berth restore --set 20250301-023000F -s prod", "./berth restore --swap", "./berth restore --volume shop/data -s prod", "./berth restore --all -s prod", "./berth restore --discard"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const { flags, values } = parsed;
    const stack = stackOf(context, parsed);
    const inPlace = [flags["all"] && "--all", flags["redis"] && "--redis", values["volume"] !== undefined && "--volume"].filter(Boolean);
    const target = restoreTarget({ to: values["to"], set: values["set"] }, inPlace.length > 0 ? "snapshot" : "backup");
    const modes = [flags["swap"] && "--swap", flags["discard"] && "--discard", target !== "newest" && inPlace.length === 0 && "--to or --set"].filter(Boolean);
    if (modes.length > 1) throw usageError(`${modes.join(" and ")} are two steps: first ./berth restore, then --swap or --discard`);
    if (inPlace.length + Math.min(modes.length, inPlace.length) > 1) throw usageError(`${[...inPlace, ...modes].join(" and ")} are each a restore of its own: give one of them`);
    if (flags["all"] && values["set"] !== undefined) throw usageError("--set names a state of one part: with --all say --to");
    if (inPlace.length > 0) return replace(context, parsed, stack, target);
    const docker = await dockerOf(context, stack);
    const json = flags["json"] === true;

    if (flags["discard"]) {
      // Backups may have been switched off since.
      const server = await serverParts(docker, stack);
      const there = await discardAside(docker, server);
      if (json) terminal.json({ stack, discarded: there });
      else terminal.result(there ? `${asideName(server)} and its data are removed` : `there was no ${asideName(server)}`);
      return exitCodes.ok;
    }
    const parts = await backupParts(docker, stack);
    const report = new Progress(terminal);
    if (flags["swap"]) {
      if (flags["yes"] !== true && (await findAside(docker, parts)) !== undefined) {
        const warning = `The Postgres server of stack "${stack}" will be stopped, and start again as it was restored. What was written since is then only in its old data directory.`;
        await confirm(context, { stack, option: "--swap", does: "replaces what is live", warning });
      }
      const kept = await swap(docker, parts, report, new Date(), signal);
      if (json) terminal.json({ stack, kept });
      else {
        terminal.result(`the restored server serves; the data of before is ${kept} in the volume ${parts.prefix}-postgres-data`);
        terminal.result(`now make a backup of it: ./berth backup --type full -s ${stack}`);
      }
      return exitCodes.ok;
    }
    const needed = neededFor(target, await interruptible(signal, listBackups(docker, parts)));
    if (typeof target !== "object" || !("set" in target)) {
      const lacking = await archiveLive(docker, parts.server.Id, stack, signal);
      if (lacking !== undefined) report.note(lacking);
    }
    const name = await restoreAside(docker, parts, target, report, signal, needed);
    const live = (await serves(docker, parts.server.Id)) ? parts.server.Id : undefined;
    const rows = await interruptible(signal, compareRows(docker, live, name), `the restored server stays: ./berth restore --discard -s ${stack}`);
    const look = `docker exec -it -u 999 ${name} psql -h /var/run/postgresql -U postgres`;
    if (json) terminal.json({ stack, restored: name, look, rows });
    else {
      terminal.result(rows.length === 0 ? "neither server has a table" : rowTable(rows));
      terminal.result(["", `look at it:       ${look} -d <database>`, `put it in place:  ./berth restore --swap -s ${stack}`, `remove it:        ./berth restore --discard -s ${stack}`].join("\n"));
    }
    return exitCodes.ok;
  },
};

/** What `--redis`, `--volume` and `--all` do: no copy aside, but the state of before is kept. */
async function replace(context: Context, { flags, values }: Parsed, stack: string, target: RestoreTarget): Promise<number> {
  const { terminal, signal } = context;
  const docker = await dockerOf(context, stack);
  const report = new Progress(terminal);
  const snapshots = await snapshotParts(docker, stack);
  const ask = async (warning: string) => {
    if (flags["yes"] !== true) await confirm(context, { stack, option: flags["all"] ? "--all" : "--redis or --volume", does: "replaces what is live", warning });
  };
  const tell = (restored: Restored[], next: string) => {
    if (flags["json"]) terminal.json({ stack, restored });
    else terminal.result(`${restoredTable(restored)}\n${next}`);
    return exitCodes.ok;
  };
  if (flags["all"]) {
    const postgres = await backupParts(docker, stack);
    await ask(`All data of stack "${stack}" becomes what it was: its applications lose their connections, and what uses Redis or a volume is stopped meanwhile. What is there now is kept.`);
    return tell(await restoreAll({ docker, postgres, snapshots, target }, report, signal), `\nthen:            ./berth up -s ${stack}\nand a backup:    ./berth backup --type full -s ${stack}`);
  }
  if (snapshots === undefined) throw new OpsError(`stack "${stack}" has no snapshots: they are made with berth:postgres.backup in Pulumi.${stack}.yaml, where an application has a cache or volumes; then ./berth up -s ${stack}`);
  const source = namedSource(snapshots, values["volume"]);
  const snapshot = requireSnapshot(await interruptible(signal, listSnapshots(docker, snapshots)), source, target, stack);
  await ask(`${source} of stack "${stack}" becomes what it was at ${snapshot.time}; what uses it is stopped meanwhile. What is there now is kept as a snapshot.`);
  const kept = await restoreSource(docker, snapshots, snapshot, report, signal);
  return tell([restoredFrom(snapshot, kept)], kept === undefined ? "" : `\nback to before:  ./berth restore ${optionFor(source)} --set ${kept} -s ${stack}`);
}
