import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { backupParts, mountsOf, runOnce } from "../../../cli/backup/container.ts";
import { findAside } from "../../../cli/backup/restore-aside.ts";
import { execute } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker, Project, type UpResult } from "../project.ts";
import { hostileNetwork } from "./hostile-network.ts";
import { overSshd } from "../sessions/over-sshd.ts";
import { refusedByPostgres, trap } from "./hostile-sql.ts";

// Two applications from one folder: `hostile` owns its database and its keys, and wants what is not its own.
// It does not show that a fault of Postgres or Redis itself gives nothing away.

let project: Project;
let up: UpResult;
const neighbour = "a-session-of-somebody";

before(async () => {
  project = await Project.create("hostile");
  project.edit("apps/members/app.ts", "database: true,", "database: true, cache: true,");
  const secure = await project.encrypted("a-passphrase-for-backups");
  const webhook = await project.encrypted("http://198.51.100.9/alerts");
  await project.configure((config) => {
    config["berth:apps"] = { members: { memory: "128MiB" }, hostile: { folder: "members", memory: "128MiB", connections: 7 } };
    config["berth:secrets"] = "generate";
    config["berth:backupKey"] = secure;
    config["berth:monitoring"] = { alerts: { webhook: true } };
    config["berth:alertWebhook"] = webhook;
    config["berth:postgres"] = { connections: 24, temporaryFiles: "16MiB", backup: { target: "volume" } };
  });
  up = await project.up();
  assert.equal(await project.addMember("alice"), 201);
  assert.match(await redis("members", `SET members:session:${neighbour} user`), /^\+OK/m);
});
after(async () => project[Symbol.asyncDispose]());

const id = async (role: string, app?: string) => (await project.containers(role)).find(({ Labels }) => app === undefined || Labels["berth.app"] === app)?.Id ?? assert.fail(`no ${role} of ${app}`);

/** What a shell in an application's web server prints. */
const inside = async (app: string, script: string) => (await execute(await id("web", app), "", ["bash", "-c", script])).replaceAll("\r", "");

const client = 'export PGHOST=$POSTGRES_HOST PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB PGPASSWORD=$(cat $POSTGRES_PASSWORD_FILE) LD_LIBRARY_PATH=/opt/psql PGCONNECT_TIMEOUT=5';
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** SQL as the hostile application, by its own login; `options` of psql come last and win. */
const sql = (text: string, options = "") => inside("hostile", `${client}; /opt/psql/psql -XAtq -v ON_ERROR_STOP=1 -c ${quoted(text)} ${options}`);

/** Commands of Redis as an application; what was answered. */
const redis = (app: string, ...commands: string[]) =>
  inside(app, `exec 3<>/dev/tcp/redis/6379; printf '%s\\r\\n' "AUTH $REDIS_USER $(cat $REDIS_PASSWORD_FILE)" ${commands.map(quoted).join(" ")} QUIT >&3; timeout 5 cat <&3`);

const berth = async (...args: string[]) => {
  const [command = "", ...rest] = args;
  const run = await project.berth([command, "-s", project.stack, ...rest]);
  assert.equal(run.code, 0, run.output);
  return run;
};

const superusers = async () => (await execute(await id("postgres"), "999", ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-XAtqc", "SELECT string_agg(rolname, ' ') FROM pg_catalog.pg_roles WHERE rolsuper"])).trim();

describe("the owner of a database", () => {
  for (const [what, text, answer, options] of refusedByPostgres) {
    test(`can't ${what}`, async () => assert.match(await sql(text, options), answer));
  }

  test("is not run as the superuser by a drill, a restore, a session or a line of the documentation", async () => {
    const set = await sql(trap);
    assert.doesNotMatch(set, /ERROR/);
    // It springs: for its owner it is the function that is found.
    assert.match(await sql("SELECT format('%s', 'a'::name, 'b'::name)"), /trapped as hostile/);
    await berth("backup", "--type", "full");
    const drill = await berth("backup", "drill");
    assert.match(drill.output, /database hostile: \d+ rows/);
    const { rows } = JSON.parse((await berth("restore", "--json")).stdout) as { rows: { database: string; table: string }[] };
    assert.ok(rows.some(({ database, table }) => database === "hostile" && table.includes("bait")), JSON.stringify(rows));
    assert.ok(rows.some(({ table }) => table.includes("ring\u{fffd}")) && !JSON.stringify(rows).includes("\\u0007"), "no name rings the operator's bell");
    const query = "SELECT format('%s', 'a'::name, 'b'::name), count(*) FROM pg_tables";
    const seen = await berth("psql", "--", "-d", "hostile", "-XAtc", query);
    assert.doesNotMatch(seen.output, /trapped/);
    // As `up` prints it for a person, with a terminal of its own.
    const [, , , , user = "", container = "", ...psql] = (up.outputs.reach["postgres"] ?? "").split(" ");
    assert.doesNotMatch(await execute(container, user, [...psql, "-d", "hostile", "-XAtc", query]), /trapped/);
    const parts = await backupParts(docker, project.stack);
    const aside = await findAside(docker, parts);
    const looked = ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-d", "hostile", "-XAtc"];
    assert.doesNotMatch(await execute(aside?.Id ?? "", "999", [...looked, query]), /trapped/);
    assert.match(await execute(aside?.Id ?? "", "999", [...looked, "SELECT * FROM public.bait_view"]), /access to non-system view "bait_view" is restricted/);
    assert.match((await execute(aside?.Id ?? "", "999", ["sh", "-c", "ls /tmp"])).trim(), /^$/);
    await berth("restore", "--discard");
    const left = await runOnce(docker, parts.backup, { stack: project.stack, command: ["sh", "-c", "ls /var/lib/berth-metrics"] });
    assert.doesNotMatch(left.output, /trapped/);
    assert.match(left.output, /berth_restore_drill/);
    assert.equal(await superusers(), "postgres");
  });

  test("is left by no session of its role: it is a login, which has the superuser's rights nowhere", async () => {
    const seen = await berth("psql", "hostile", "--", "-XAtc", "SELECT session_user, current_user");
    assert.equal(seen.stdout.trim(), "hostile|hostile");
    for (const text of ["SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "RESET ROLE; ALTER ROLE hostile SUPERUSER"]) {
      const run = await project.berth(["psql", "hostile", "-s", project.stack, "--", "-v", "ON_ERROR_STOP=1", "-Xc", text]);
      assert.equal(run.code, 1, text);
      assert.match(run.output, /permission denied/, text);
    }
    assert.equal(await superusers(), "postgres");
  });

  test("has a drill that sees neither the live server nor its data, and that can't write the repository", async () => {
    const { drill } = await backupParts(docker, project.stack);
    const mounts = Object.fromEntries(mountsOf(drill).map(({ Target, ReadOnly }) => [Target, ReadOnly]));
    assert.deepEqual([mounts["/var/run/postgresql"], mounts["/var/lib/postgresql/data"], mounts["/var/lib/pgbackrest"]], [undefined, undefined, true]);
  });

  test("takes neither all connections nor those of the monitoring: the neighbour goes on, and a job has no idle limit", async () => {
    const held = "SELECT pg_sleep(8)";
    const many = `${client}; for i in 1 2 3 4 5 6 7 8 9; do /opt/psql/psql -XAtqc '${held}' & done; sleep 1; /opt/psql/psql -XAtqc 'SELECT 1'; kill $(jobs -p)`;
    assert.match(await inside("hostile", many), /too many connections for role "hostile"/);
    assert.equal(await project.addMember("bob"), 201);
    const job = (await project.containers("job")).find(({ Labels, Names }) => Labels["berth.app"] === "hostile" && Names.some((name) => name.includes("migrate")));
    assert.ok((await docker.getContainer(job?.Id ?? "").inspect()).Config.Env.includes("PGOPTIONS=-c idle_in_transaction_session_timeout=0 -c lock_timeout=60s"));
    await eventually("its connections are gone", 20_000, async () => ((await sql("SELECT 1")).trim() === "1" ? undefined : "they are not"));
  });

  test("fills no disk with temporary files", async () => {
    assert.match(await sql("SELECT count(*) FROM (SELECT g, repeat('x', 200) FROM generate_series(1, 500000) g ORDER BY 2, 1 DESC) AS sorted"), /temporary file size exceeds temp_file_limit/);
  });
});

describe("a user of Redis", () => {
  const key = `members:session:${neighbour}`;
  const names = ["SCAN 0", "SCAN 0 MATCH members:*", "RANDOMKEY", "KEYS *", "DBSIZE", "OBJECT ENCODING members:x", "SORT hostile:a BY members:*", "CLIENT TRACKING ON BCAST"];
  const keys = [`GET ${key}`, `DEL ${key}`, `COPY ${key} hostile:mine`, `RENAME ${key} hostile:mine`];
  const others = ["PUBSUB CHANNELS *", "PUBSUB NUMPAT", "PSUBSCRIBE *", "SUBSCRIBE __keyevent@0__:set", "PUBLISH members:news x", "CLIENT LIST", "CLIENT KILL TYPE normal", "CLIENT PAUSE 1000", "MONITOR"];
  const server = ["FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "CONFIG GET *", "ACL LIST", "SHUTDOWN", "REPLICAOF 127.0.0.1 1", "MEMORY STATS", "FUNCTION LIST", "FUNCTION FLUSH", "SCRIPT FLUSH", "SCRIPT KILL", "SCRIPT DEBUG SYNC"];
  const refused = [...names, ...keys, ...others, ...server];
  for (const command of refused) {
    test(`can't ${command.replace(neighbour, "…")}`, async () => assert.match(await redis("hostile", command), /-NOPERM/));
  }

  test("can't do in a script what it can't do", async () => {
    for (const command of ["'SCAN',0", "'RANDOMKEY'", `'GET','${key}'`]) {
      const said = await redis("hostile", `EVAL "return redis.call(${command})" 0`);
      assert.match(said, /ACL failure|NOPERM|permission/i, command);
      assert.ok(!said.includes("user\n"), said);
    }
  });

  test("has what applications need: data of all types, transactions, scripts, channels", async () => {
    const said = await redis("hostile", "SET hostile:a 1 EX 60", "HSET hostile:h f v", "HSCAN hostile:h 0", "SADD hostile:s 1", "ZADD hostile:z 1 a", "XADD hostile:x * f v", "MULTI", "INCR hostile:a", "EXEC", 'EVAL "return redis.call(\'GET\', KEYS[1])" 1 hostile:a', "SCRIPT EXISTS x", "PUBLISH hostile:c x", "EXPIRE hostile:a 60", "TIME", "INFO server", "WAIT 0 1", "CLIENT SETNAME me", "ACL WHOAMI", "SUBSCRIBE hostile:c");
    assert.doesNotMatch(said, /^-/m);
    assert.match(said, /subscribe/);
  });
});

hostileNetwork(() => ({ project, inside }));

// It has all that the commands are for.
overSshd(() => project);
