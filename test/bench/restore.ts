// node test/bench/restore.ts [<MiB of each insert>]: a restore to a point between two inserts, beside pg_basebackup.
//
// Both give the data as it was after the first insert. pg_basebackup copies it from a server to the same disk, plain and
// unencrypted; the restore reads compressed, encrypted files and the log up to the point. The rows are counted in both.
import { setTimeout as sleep } from "node:timers/promises";
import { backupParts, mountsOf, runOnce } from "../../cli/backup/container.ts";
import { sql } from "../../cli/backup/restore-aside.ts";
import type { RowCount } from "../../cli/backup/row-counts.ts";
import { docker, engine, Project } from "../e2e/project.ts";

const mebibytes = Number(process.argv[2] ?? 1024);
// About 1 KiB a row, hexadecimal digits that no compression takes for a pattern.
const rows = mebibytes * 1000;
const scratch = "/var/lib/berth-drill/base";

await using project = await Project.create("bench-restore");
await project.configure((config) => {
  config["berth:apps"] = {};
  config["berth:secrets"] = "generate";
  config["berth:postgres"] = { memory: "1GiB", cpus: 2, backup: { target: "volume" } };
  delete config["root:ROOT_SECRET"];
});
await project.up();
const { server, drill } = await backupParts(docker, project.stack);
const times: Record<string, number> = {};

await query("CREATE DATABASE bench");
await timed("first insert", () => insert("first"));
await timed("full backup", () => berth("backup", "--type", "full"));
await timed("pg_basebackup", baseBackup);
const point = await query("SELECT now()::timestamptz(3)");
await sleep(1100);
await timed("second insert", () => insert("second"));
await query("SELECT pg_switch_wal()");
await archived();
const restored = await timed("restore to the point between", () => berth("restore", "--to", point, "--json"));
check(JSON.parse(restored) as { rows: RowCount[] });
await timed("swap", () => berth("restore", "--swap", "--yes"));
const [first, second] = await Promise.all(["first", "second"].map((table) => query(`SELECT count(*) FROM pg_class WHERE relname = '${table}'`, "bench")));
if (first !== "1" || second !== "0") throw new Error(`after the swap: ${first} tables first, ${second} second`);
print();

function insert(table: string): Promise<string> {
  const text = Array.from({ length: 30 }, (_, index) => `md5((g * 30 + ${index})::text)`).join(" || ");
  return query(`CREATE TABLE public.${table} AS SELECT g AS id, ${text} AS text FROM generate_series(1, ${rows}) g`, "bench");
}

/** From another server on the same data, as the program's own lets nobody in for replication. It archives, or the log would have a gap. */
async function baseBackup(): Promise<number> {
  await docker.getContainer(server.Id).stop({ t: 120 });
  const script = `
    printf 'local all postgres peer\\nlocal replication postgres peer\\n' > /tmp/hba
    : > /tmp/conf; mkdir -p /tmp/socket; cd /usr/lib/postgresql/17/bin
    ./postgres -D /var/lib/postgresql/data/17 -c config_file=/tmp/conf -c hba_file=/tmp/hba -c listen_addresses= -c unix_socket_directories=/tmp/socket -c archive_mode=on -c archive_command='pgbackrest archive-push %p' > /tmp/log 2>&1 & server=$!
    until ./pg_isready -q -h /tmp/socket; do kill -0 $server || { cat /tmp/log; exit 1; }; sleep 0.1; done
    began=$(date +%s%N)
    ./pg_basebackup -h /tmp/socket -U postgres -D ${scratch} -X stream -c fast
    echo $((($(date +%s%N) - began) / 1000000))
    rm -rf ${scratch}; kill -INT $server; wait $server`;
  const mounts = mountsOf(drill).map((mount) => ({ ...mount, ReadOnly: false }));
  const { code, stdout, output } = await runOnce(docker, drill, { stack: project.stack, command: ["sh", "-euc", script], mounts });
  if (code !== 0) throw new Error(output);
  await docker.getContainer(server.Id).start();
  while ((await query("SELECT 1").catch(() => "")) !== "1") await sleep(200);
  return Number(stdout.trim());
}

/** Waits until the log is in the repository, so that the restore is timed and not the archiving. */
async function archived(): Promise<void> {
  const waiting = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";
  while ((await query(waiting)) !== "0") await sleep(500);
}

function check({ rows: counts }: { rows: RowCount[] }): void {
  const of = (table: string) => counts.find((count) => count.table === `public.${table}`);
  if (of("first")?.restored !== rows || of("first")?.live !== rows) throw new Error(`first: ${JSON.stringify(of("first"))}`);
  if (of("second")?.restored !== undefined || of("second")?.live !== rows) throw new Error(`second: ${JSON.stringify(of("second"))}`);
}

function query(text: string, database = "postgres"): Promise<string> {
  return sql(docker, server.Id, text, database);
}

async function berth(...args: string[]): Promise<string> {
  const run = await project.berth([...args, "-s", project.stack]);
  if (run.code !== 0) throw new Error(`berth ${args.join(" ")} ended with ${run.code}:\n${run.output}`);
  // Of a restore: the files, the log, and, as the rest of its time, the rows that are counted in both servers.
  for (const line of run.output.split("\n").filter((text) => text.startsWith("✔"))) console.error(`  ${line}`);
  return run.stdout;
}

/** What takes its own time is a number of milliseconds. */
async function timed<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await work();
  times[name] = (typeof result === "number" ? result : performance.now() - start) / 1000;
  console.error(`${name}: ${times[name].toFixed(1)} s`);
  return result;
}

function print(): void {
  console.log(`\n${rows} rows, ${mebibytes} MiB a table, ${engine} engine\n\n| step | time |\n|---|---|`);
  for (const [name, seconds] of Object.entries(times)) console.log(`| ${name} | ${seconds.toFixed(1)} s |`);
  console.log(`\nrestore : pg_basebackup = ${((times["restore to the point between"] ?? 0) / (times["pg_basebackup"] ?? 1)).toFixed(1)} : 1`);
}
