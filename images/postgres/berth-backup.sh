#!/bin/sh
# berth-backup stanza | check | backup full|diff|incr | verify | drill
#
# What Berth does with pgBackRest, so that a failure is never taken for a success: the exit code is not 0, and the last
# line says what failed. PGBACKREST_* of the environment name configuration and stanza; no secret is among them.
set -eu

socket=/var/run/postgresql
programs=/usr/lib/postgresql/17/bin
metrics=/var/lib/berth-metrics
scratch=/var/lib/berth-drill
work=/tmp/berth-backup.$$
# As in components/postgres/postgres-layout.ts: an application owns its database, and nothing that it left there may run
# with the superuser's rights, or stop a drill.
export PGOPTIONS="-c search_path=pg_catalog -c role=none -c restrict_nonsystem_relation_kind=view,foreign-table -c statement_timeout=0 -c transaction_timeout=0"

fail() {
  echo "$*" >&2
  exit 1
}

# metrics_file <name>: writes standard input beside the file and renames it, so that nobody reads half of it.
metrics_file() {
  [ -d "$metrics" ] || { cat > /dev/null; return 0; }
  cat > "$metrics/.$1.$$"
  chmod 644 "$metrics/.$1.$$"
  mv "$metrics/.$1.$$" "$metrics/$1.prom"
}

# gauge <name> <help> <value>
gauge() {
  printf '# HELP %s %s\n# TYPE %s gauge\n%s %s\n' "$1" "$2" "$1" "$1" "$3"
}

stanza() {
  # Without the server, which may be an older one just now, or not be there yet.
  code=0
  pgbackrest --no-online stanza-create || code=$?
  [ "$code" -eq 0 ] && return 0
  # 28: the repository has backups of another database, as after the loss of a host. The server must start all the
  # same, since a restore puts the database that the backups are of in its place; until then `check` fails.
  [ "$code" -eq 28 ] || fail "the backup repository cannot be used: exit code $code of pgbackrest stanza-create"
  echo "the backup repository belongs to another database; nothing is archived until that one is restored: ./berth restore"
}

check() {
  pgbackrest check || fail "backups do not work: exit code $? of pgbackrest check. Where the repository belongs to another database (a new host), restore that one: ./berth restore, then ./berth restore --swap"
}

# The newest backup: label, 1 where a page checksum of it is wrong, time of its end, bytes.
newest() {
  # shellcheck disable=SC2016
  "$programs/psql" --no-psqlrc -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres -Atq -F ' ' << 'SQL'
\set info `pgbackrest info --output=json`
SELECT b->>'label', (b->>'error')::boolean::int, b->'timestamp'->>'stop', coalesce(b#>>'{info,repository,size}', b#>>'{info,repository,delta}')
FROM jsonb_array_elements((:'info')::jsonb->0->'backup') WITH ORDINALITY AS list(b, position) ORDER BY position DESC LIMIT 1;
SQL
}

backup() {
  case "${1:-}" in full | diff | incr) ;; *) fail "backup is of the type full, diff or incr, not \"${1:-}\"" ;; esac
  trap 'backup_ended $?' EXIT
  stage="pgbackrest backup"
  pgbackrest --type="$1" backup
  stage="reading the list of backups"
  line=$(newest)
  [ -n "$line" ] || fail "the list of backups is empty after a backup"
  # shellcheck disable=SC2086
  set -- $line
  stage="page checksums: the data of the server itself is damaged, see the lines above for the files. The backup $1 is kept, and so is every older one"
  [ "$2" -eq 0 ]
  # Only now, so that neither a failed backup nor one of damaged data pushes a good one out.
  stage="pgbackrest expire"
  pgbackrest expire
  stage="writing metrics"
  {
    gauge berth_backup_last_success_timestamp_seconds "Time at which the newest backup without errors ended." "$3"
    gauge berth_backup_size_bytes "Size of the newest backup without errors in the repository." "$4"
  } | metrics_file berth_backup
  stage=""
  label=$1
}

backup_ended() {
  if [ "$1" -eq 0 ] && [ -z "$stage" ]; then success=1; else success=0; fi
  gauge berth_backup_success "Whether the last backup that was tried succeeded." "$success" | metrics_file berth_backup_result || true
  [ "$success" -eq 1 ] || { echo "backup failed: $stage" >&2; exit 1; }
  echo "backup done: $label"
}

# pgbackrest info and verify say what is wrong in their text alone: the exit code is 0 with a wrong key, and with files
# that are damaged.
verify() {
  readable
  mkdir "$work"
  trap 'rm -rf "$work"' EXIT
  pgbackrest --output=text --verbose --log-level-console=warn verify > "$work/out" || { cat "$work/out"; fail "verify failed: exit code of pgbackrest verify is not 0"; }
  cat "$work/out"
  grep -q '^status: ok$' "$work/out" || fail "verify failed: the repository is damaged, see the lines above"
  grep -q '^ *backup: .*, status: valid,' "$work/out" || fail "verify failed: the repository has no backup"
  ! grep '^ *backup: ' "$work/out" | grep -qv 'status: valid,' || fail "verify failed: a backup is damaged, see the lines above"
  pgbackrest info --output=json > "$work/info"
  ! grep -q '"error":true' "$work/info" || fail "verify failed: a backup was made of damaged pages, see its error in: ./berth backup list"
  echo "verify passed"
}

# Whether the repository has a backup that the key opens.
readable() {
  status=$(pgbackrest --io-timeout=5 info --output=json | tr -cd '[:print:]' | sed -n 's/.*"repo":\[{.*"status":{"code":\([0-9]*\),.*}\],"status":.*/\1/p')
  case "$status" in
    0) ;;
    1 | 2 | 3) fail "the repository has no backup yet: ./berth backup --type full" ;;
    *) fail "the repository cannot be read: berth:backupKey is not the key that it was made with, it is damaged, or the store does not answer (status ${status:-unknown} of pgbackrest info)" ;;
  esac
}

# A drill restores the newest backup and the log after it to a directory of its own, starts a server there that nobody
# but this script reaches, reads every row of every table, stops it, and checks every page's checksum.
drill() {
  began=$(date +%s)
  trap 'drill_ended $?' EXIT
  stage="no backup to restore"
  readable
  stage="making room in $scratch"
  rm -rf "$scratch/data"
  mkdir -p "$work"
  mkdir -m 700 "$scratch/data"
  # Not beside the live server's socket, which a drill does not have.
  export PGBACKREST_LOCK_PATH="$work/lock"
  # A drill must not fill the disk that the live server writes to.
  need=$(pgbackrest info --output=json | tr -d '\n' | sed -n 's/.*"size":\([0-9]*\)},"label":.*/\1/p')
  need=$((${need:-0} / 1024 + 131072))
  free=$(df -Pk "$scratch" | awk 'NR == 2 { print $4 }')
  stage="too little disk in $scratch: $((need / 1024)) MiB are needed, and $((free / 1024)) MiB are free"
  [ "$free" -ge "$need" ]
  stage="pgbackrest restore"
  pgbackrest --pg1-path="$scratch/data" --log-level-console=warn restore
  stage="Postgres did not start on the restored data"
  printf 'local all postgres peer\n' > "$work/pg_hba.conf"
  : > "$work/empty.conf"
  "$programs/postgres" -D "$scratch/data" -c config_file="$work/empty.conf" -c hba_file="$work/pg_hba.conf" \
    -c listen_addresses= -c unix_socket_directories="$work" -c archive_mode=off -c hot_standby=off -c jit=off \
    -c shared_buffers=32MB -c max_connections=10 -c dynamic_shared_memory_type=mmap > "$work/log" 2>&1 &
  server=$!
  until "$programs/pg_isready" -q -h "$work"; do
    kill -0 "$server" 2> /dev/null || { tail -n 20 "$work/log" >&2; false; }
    sleep 0.2
  done
  stage="reading the tables"
  query="$programs/psql --no-psqlrc -v ON_ERROR_STOP=1 -h $work -U postgres -Atq"
  $query -d postgres -c "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1" > "$work/databases"
  : > "$work/rows"
  while read -r database; do
    $query -d "$database" > "$work/counts" << 'SQL'
SELECT format('SELECT count(*) FROM ONLY %I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \gexec
SQL
    rows=$(awk '{ sum += $1 } END { printf "%.0f", sum }' "$work/counts")
    echo "database $database: $rows rows in $(wc -l < "$work/counts") tables"
    printf 'berth_restore_drill_rows{database="%s"} %s\n' "$database" "$rows" >> "$work/rows"
  done < "$work/databases"
  stage="stopping the restored server"
  kill -INT "$server"
  wait "$server"
  server=""
  stage="page checksums of the restored data"
  "$programs/pg_checksums" --check -D "$scratch/data" > "$work/checksums" 2>&1 || { tail -n 20 "$work/checksums" >&2; false; }
  stage="writing metrics"
  {
    gauge berth_restore_drill_last_success_timestamp_seconds "Time at which a restore drill last passed." "$(date +%s)"
    printf '# HELP berth_restore_drill_rows Rows that the last drill that passed read.\n# TYPE berth_restore_drill_rows gauge\n'
    cat "$work/rows"
  } | metrics_file berth_restore_drill
  stage=""
}

drill_ended() {
  if [ "$1" -eq 0 ] && [ -z "$stage" ]; then success=1; else success=0; fi
  [ -z "${server:-}" ] || { kill -QUIT "$server" 2> /dev/null && wait "$server"; } || true
  rm -rf "$work" "$scratch/data" || true
  took=$(($(date +%s) - began))
  {
    gauge berth_restore_drill_success "Whether the last restore drill passed." "$success"
    gauge berth_restore_drill_duration_seconds "Time that the last restore drill took." "$took"
  } | metrics_file berth_restore_drill_result || true
  [ "$success" -eq 1 ] || { echo "restore drill failed after $took s: $stage" >&2; exit 1; }
  echo "restore drill passed in $took s"
}

case "${1:-}" in
  stanza | check | backup | verify | drill) "$@" ;;
  *) fail "usage: berth-backup stanza | check | backup full|diff|incr | verify | drill" ;;
esac
