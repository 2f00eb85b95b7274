import { closest } from "../arguments.ts";
import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf, stackContainers } from "../docker.ts";
import { usageError } from "../exit.ts";
import { runningPart } from "../parts.ts";
import { execIn, outputOf } from "../session.ts";

/** The server's own user, whom alone the socket lets in. */
const user = "999:999";
const psql = ["psql", "-h", "/var/run/postgresql", "-U", "postgres"];

export const command: Command = {
  summary: "psql in an application's database, or as the superuser",
  description: [
    "Opens psql in the Postgres container: in the database of an application, with the rights of its role, or as the",
    "superuser in the database postgres. It enters by the server's socket and needs no password, so it also works while",
    "the application is down. What stands after -- are arguments of psql; SQL may be piped in. Exit codes of psql itself",
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
    if (app === undefined) return execIn(docker, Id, { command: [...psql, ...given], user }, process, signal);
    const query = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1";
    const databases = (await outputOf(docker, Id, { command: [...psql, "-Atc", query], user })).trim().split("\n");
    if (!databases.includes(app)) {
      const near = closest(app, databases);
      throw usageError(`stack "${stack}" has no database "${app}": ${near === undefined ? `it has ${databases.join(", ") || "none of an application"}` : `did you mean ${near}?`}`);
    }
    return execIn(docker, Id, { command: [...psql, "-d", app, ...given], user, env: [`PGOPTIONS=-c role=${app}`] }, process, signal);
  },
};
