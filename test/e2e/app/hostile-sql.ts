/** What the owner of a database tries of itself: what it can't, its SQL, Postgres's answer, and options of psql. */
export const refusedByPostgres: readonly (readonly [what: string, sql: string, answer: RegExp, options?: string])[] = [
  ["make itself the superuser", "ALTER ROLE hostile SUPERUSER", /permission denied/],
  ["raise its number of connections", "ALTER ROLE hostile CONNECTION LIMIT -1", /permission denied/],
  ["make a role", "CREATE ROLE other LOGIN", /permission denied/],
  ["make a database", "CREATE DATABASE other", /permission denied/],
  ["become the superuser", "SET ROLE postgres", /permission denied/],
  ["become its neighbour", "SET ROLE members", /permission denied/],
  ["log in as the superuser afterwards", "SET SESSION AUTHORIZATION postgres", /permission denied/],
  ["take a role that reads the server's files", "GRANT pg_read_server_files TO hostile", /permission denied/],
  ["run a program", "CREATE TABLE IF NOT EXISTS output (line text); COPY output FROM PROGRAM 'id'", /permission denied to COPY .*external program/],
  ["read a file of the server", "SELECT pg_read_file('/etc/berth/pg_hba.conf')", /permission denied/],
  ["read a file into a large object", "SELECT lo_import('/etc/passwd')", /permission denied/],
  ["write a file of the server", "COPY (SELECT 1) TO '/tmp/trapped'", /permission denied to COPY/],
  ["reach other servers", "CREATE EXTENSION dblink", /permission denied|not available/],
  ["mount files as tables", "CREATE EXTENSION file_fdw", /permission denied|not available/],
  ["write functions in a language without bounds", "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'", /permission denied/],
  ["be called at each login", "CREATE FUNCTION at_login() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION at_login()", /permission denied/],
  ["have a library loaded into every session of its database", "ALTER DATABASE hostile SET session_preload_libraries = 'auto_explain'", /permission denied/],
  ["change the server's settings", "ALTER SYSTEM SET max_connections = 1000", /permission denied/],
  ["lift the bound on its temporary files", "SET temp_file_limit = -1", /permission denied/],
  ["read the hashes of passwords", "SELECT rolpassword FROM pg_authid", /permission denied/],
  ["see what its neighbour asks", "SELECT 'seen ' || query FROM pg_stat_activity WHERE usename <> 'hostile' AND query NOT LIKE '<insufficient privilege>' AND query <> ''; SELECT 1/0", /^(?!seen)ERROR: +division by zero/],
  ["end its neighbour's sessions", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('members', 'exporter', 'postgres'); SELECT 1/0", /permission denied|division by zero/],
  ["keep the log by a replication slot", "SELECT pg_create_physical_replication_slot('mine', true)", /permission denied/],
  ["subscribe to another server", "CREATE SUBSCRIPTION s CONNECTION 'host=elsewhere' PUBLICATION p", /permission denied/],
  ["put tables elsewhere on the disk", "CREATE TABLESPACE t LOCATION '/tmp'", /permission denied/],
  ["enter its neighbour's database", "SELECT 1", /permission denied for database "members"/, "-d members"],
  ["enter the database that belongs to nobody", "SELECT 1", /pg_hba.conf rejects connection/, "-d postgres"],
  ["enter what new databases are copied from", "SELECT 1", /pg_hba.conf rejects connection/, "-d template1"],
  ["log in as the superuser", "SELECT 1", /pg_hba.conf rejects connection/, "-U postgres"],
  ["log in as its neighbour", "SELECT 1", /password authentication failed/, "-U members -d members"],
  ["log in as the exporter", "SELECT 1", /password authentication failed/, "-U exporter -d postgres"],
];

const spring = `
  BEGIN COPY (SELECT 1) TO '/var/lib/berth-metrics/trapped.prom'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN COPY (SELECT 1) TO '/tmp/trapped'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'SET ROLE postgres'; EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE 'ALTER ROLE hostile SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;`;

/** What it leaves for whoever comes as the superuser: functions, views, policies and settings that are found before Postgres's own. */
export const trap = `
CREATE FUNCTION public.spring() RETURNS text LANGUAGE plpgsql AS $$ BEGIN ${spring} RETURN 'trapped as ' || current_user; END $$;
CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE sql AS $$ SELECT public.spring() || pg_catalog.format($1, $2, $3) $$;
CREATE FUNCTION public.format(text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT public.spring() || pg_catalog.format($1, $2, $3) $$;
CREATE FUNCTION public.query_to_xml(text, boolean, boolean, text) RETURNS xml LANGUAGE sql AS $$ SELECT public.spring(); SELECT pg_catalog.query_to_xml($1, $2, $3, $4) $$;
CREATE FUNCTION public.differs(name, text) RETURNS boolean LANGUAGE sql AS $$ SELECT public.spring() IS NOT NULL $$;
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.differs);
CREATE TABLE public.U&"ring\\0007" (id int);
CREATE TABLE public.bait AS SELECT 1 AS id;
ALTER TABLE public.bait ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sprung ON public.bait USING (public.spring() IS NOT NULL);
CREATE VIEW public.bait_view AS SELECT public.spring();
CREATE VIEW public.pg_tables AS SELECT public.spring() AS sprung, * FROM pg_catalog.pg_tables;
ALTER DATABASE hostile SET search_path = public, pg_catalog;
ALTER DATABASE hostile SET statement_timeout = '1ms';
ALTER DATABASE hostile SET role = 'hostile';
ALTER ROLE hostile SET statement_timeout = 0`;
