import { archiveSettings } from "./backup-config.ts";

/** Sizes of a Postgres server. */
export interface PostgresSizes {
  /** Memory of the container in MiB. */
  memory: number;
  /** Greatest number of connections at the same time. */
  connections: number;
}

/** Settings of Postgres by name: numbers, on or off, and text such as `16MB`, which the configuration has checked. */
export type PostgresSettings = Readonly<Record<string, string | number | boolean>>;

/** What one role may take at most. */
export interface RoleLimits {
  /** Connections at the same time. */
  connections: number;
  /** MiB of temporary files of each connection. */
  temporaryFiles: number;
}

/** Connections that no application can take: three for the superuser, three for the monitoring, so that both see a server that is full. */
export const keptConnections = { superuser: 3, monitoring: 3 };

/** MiB of shared buffers in a server of so many MiB: a quarter. */
export function sharedBuffers(memory: number): number {
  return Math.max(16, Math.floor(memory / 4));
}

/** Connections of one role where nothing else is said: half of those that applications can have, so that no single one takes them all. */
export function shareOf(connections: number): number {
  return Math.floor((connections - keptConnections.superuser - keptConnections.monitoring) / 2);
}

/**
 * postgresql.conf: a quarter of the memory for shared buffers, half expected in the page cache.
 *
 * @param archive Whether the write-ahead log goes to the backup repository.
 */
export function renderPostgresConf({ memory, connections, archive = false, settings = {} }: PostgresSizes & { archive?: boolean; settings?: PostgresSettings | undefined }): string {
  const own: Record<string, string | number> = {
    listen_addresses: "'*'",
    unix_socket_directories: "'/var/run/postgresql'",
    hba_file: "'/etc/berth/pg_hba.conf'",
    ident_file: "'/etc/berth/pg_ident.conf'",
    max_connections: connections,
    superuser_reserved_connections: keptConnections.superuser,
    reserved_connections: keptConnections.monitoring,
    shared_buffers: `${sharedBuffers(memory)}MB`,
    effective_cache_size: `${Math.max(16, Math.floor(memory / 2))}MB`,
    maintenance_work_mem: `${Math.max(8, Math.floor(memory / 16))}MB`,
    dynamic_shared_memory_type: "posix",
    max_wal_size: "1GB",
    checkpoint_completion_target: 0.9,
    password_encryption: "'scram-sha-256'",
    log_destination: "'stderr'",
    log_timezone: "'UTC'",
    log_line_prefix: "'%m [%p] %q%u@%d '",
    log_min_duration_statement: "1s",
    // A slow statement's text may carry data; its parameters never reach the log.
    log_parameter_max_length: 0,
    log_checkpoints: "on",
    timezone: "'UTC'",
    idle_in_transaction_session_timeout: "60s",
    ...(archive && archiveSettings),
  };
  return `${Object.entries({ ...given(settings), ...own })
    .map(([name, value]) => `${name} = ${value}`)
    .join("\n")}\n`;
}

/** What the stack adds, in front of what is Berth's own. */
function given(settings: PostgresSettings): Record<string, string | number> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, written(value)]));
}

function written(value: string | number | boolean): string | number {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : value;
}

/**
 * pg_hba.conf: by the socket the server's own user id enters as any role, see {@link renderPgIdent}; the superuser enters no
 * other way, so that it has no password that could leak. Everybody else comes by the network with theirs, and into the
 * databases that belong to no application the monitoring alone.
 */
export function renderPgHba(): string {
  return [
    "local all all peer map=server",
    "host all postgres all reject",
    "host postgres +pg_monitor all scram-sha-256",
    "host postgres,template1 all all reject",
    "host all all all scram-sha-256",
    "",
  ].join("\n");
}

/** pg_ident.conf: whoever has the server's user id may be any role. The socket is on a volume that this stack's own jobs mount alone. */
export function renderPgIdent(): string {
  return "server postgres all\n";
}

/** SQL that makes an application's role and database, or brings them in line; safe to run again. */
export function renderDatabaseSql(name: string, passwordFile: string, { connections, temporaryFiles }: RoleLimits): string {
  return [
    ...roleSql(name, passwordFile, `NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${connections}`),
    // No role can change this one itself, unlike its time limits.
    `ALTER ROLE :"name" SET temp_file_limit = '${temporaryFiles}MB';`,
    "SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec",
    'REVOKE ALL ON DATABASE :"name" FROM PUBLIC;',
    "",
  ].join("\n");
}

/**
 * SQL that makes the role with which the exporter reads statistics and nothing else; safe to run again.
 *
 * It also shuts the databases that belong to no application. One job does so: two at once would be refused by Postgres.
 */
export function renderMonitorSql(name: string, passwordFile: string): string {
  return [
    ...roleSql(name, passwordFile, "NOSUPERUSER CONNECTION LIMIT 5"),
    'GRANT pg_monitor, pg_use_reserved_connections TO :"name";',
    "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;",
    'GRANT CONNECT ON DATABASE postgres TO :"name";',
    "",
  ].join("\n");
}

/**
 * A role that may log in. The password is read from a file inside psql, so it is in no process list and, because
 * statements that fail or are slow are not logged here, in no log.
 */
function roleSql(name: string, passwordFile: string, attributes: string): string[] {
  return [
    "SET log_min_error_statement = panic;",
    "SET log_min_duration_statement = -1;",
    `\\set name '${name}'`,
    `\\set password \`cat ${passwordFile}\``,
    "SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \\gexec",
    `ALTER ROLE :"name" WITH LOGIN ${attributes} PASSWORD :'password';`,
  ];
}
