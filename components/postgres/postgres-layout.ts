/** User id of the server and of all that enters as the superuser. */
export const user = 999;
export const programs = "/usr/lib/postgresql/17/bin";
export const dataMount = "/var/lib/postgresql/data";
export const data = `${dataMount}/17`;
export const socketDirectory = "/var/run/postgresql";

/**
 * Options with which a session of the superuser starts. An application owns its database: what it left there, a search path,
 * a role, a time limit, a view in a table's place, must neither run with the superuser's rights nor stop the session. They win
 * over ALTER DATABASE … SET, and psql and pgBackRest read them from PGOPTIONS.
 */
export const superuserOptions = ["search_path=pg_catalog", "role=none", "restrict_nonsystem_relation_kind=view,foreign-table", "statement_timeout=0", "transaction_timeout=0"]
  .map((setting) => `-c ${setting}`)
  .join(" ");
