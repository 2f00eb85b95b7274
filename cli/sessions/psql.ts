import type Dockerode from "dockerode";
import { closest } from "../arguments.ts";
import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { stackContainers } from "../../docker/labels.ts";
import { OpsError, usageError } from "../exit.ts";
import { runningPart } from "./parts.ts";
import { execIn } from "./session.ts";
import { outputOf } from "../../docker/exec.ts";
import { superuserOptions } from "../../components/postgres/postgres-layout.ts";

/** The server's own user, whom alone the socket lets in, as any role. */
const user = "999:999";
const asRole = (role: string) => ["psql", "-h", "/var/run/postgresql", "-U", role];
const asSuperuser = asRole("postgres");
const superuser = { user, env: [`PGOPTIONS=${superuserOptions}`] };

export const command: Command = {
  summary: "psql in an application's database, or as the superuser",
  description: [
    "Opens psql in the Postgres container: in the database of an application, logged in as its role, or as the superuser in",
    "the database postgres. It enters by the server's socket and needs no password, so it also works while the application",
    "is down. The superuser looks at no view of an application and names tables with their schema, for example public.orders:",
    "nothing that an application left in its database runs with its rights. What stands after -- are arguments of psql; SQL may be piped in. Exit codes of psql itself",
    "are passed on: 1 an error, 2 no connection, 3 a script that failed with ON_ERROR_STOP.",
  ].join("\n"),
  options: { stack: stackOption },
  positionals: ["app"],
  rest: "psql arguments",
  examples: ["./berth psql root", "echo 'select 1' | ./berth psql root", "./berth psql root -- -c '\\dt'", "./berth psql -s prod -- -l"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { signal } = context;
    const stack = stackOf(context, parsed);
    const app = parsed.positionals[0];
    const docker = await dockerOf(context, stack);
    const { Id } = runningPart(stack, await stackContainers(docker, stack), "postgres");
    const given = parsed.rest ?? [];
    if (app === undefined) return execIn(docker, Id, { command: [...asSuperuser, ...given], ...superuser }, process, signal);
    const { databases, roles } = await looked(docker, Id);
    if (!databases.includes(app)) {
      const near = closest(app, databases);
      throw usageError(`stack "${stack}" has no database "${app}": ${near === undefined ? `it has ${databases.join(", ") || "none of an application"}` : `did you mean ${near}?`}`);
    }
    if (!roles) throw new OpsError(`the Postgres server of stack "${stack}" is of an earlier version and lets no role in by its socket: ./berth up -s ${stack}`);
    return execIn(docker, Id, { command: [...asRole(app), "-d", app, ...given], user, env: ["PGOPTIONS="] }, process, signal);
  },
};

/** The databases of applications, and whether the server lets their roles in by its socket. */
async function looked(docker: Dockerode, id: string): Promise<{ databases: string[]; roles: boolean }> {
  const databases = "SELECT json_agg(datname ORDER BY datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'";
  const roles = "SELECT count(*) > 0 FROM pg_hba_file_rules WHERE type = 'local' AND user_name = '{all}'";
  const query = `SELECT json_build_object('databases', coalesce((${databases}), '[]'), 'roles', (${roles}))`;
  return JSON.parse(await outputOf(docker, id, { command: [...asSuperuser, "-d", "postgres", "-P", "pager=off", "-XAtqc", query], ...superuser })) as { databases: string[]; roles: boolean };
}
