#!/bin/sh
# berth-snapshots init | backup full|diff|incr | verify | drill | room|restore <source> <snapshot> | keep|clear <source>
#
# What Berth does with restic, so that a failure is never taken for a success: the exit code is not 0, and the last line
# says what failed. RESTIC_* and BERTH_* of the environment name repository, options and sources; no secret is among them.
# A source is "redis" or "<application>/<volume>", and its files are in /backup/<source>.
set -eu

root=/backup
metrics=/var/lib/berth-metrics
scratch=/var/lib/berth-drill
work=/tmp/berth-snapshots.$$

fail() {
  echo "$*" >&2
  exit 1
}

# The container's first process gets the signal that ends it: restic is told, and may finish in good order.
child=""
trap '[ -z "$child" ] || { kill "$child" 2> /dev/null; wait "$child"; }; exit 143' TERM INT

run() {
  # Options are words without blanks.
  # shellcheck disable=SC2086
  restic $BERTH_RESTIC_OPTIONS "$@" &
  child=$!
  ended=0
  wait "$child" || ended=$?
  child=""
  return "$ended"
}

sources() {
  echo "$BERTH_SOURCES" | tr ',' '\n'
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

init() {
  code=0
  # shellcheck disable=SC2086
  said=$(timeout 60 restic $BERTH_RESTIC_OPTIONS cat config 2>&1 > /dev/null) || code=$?
  case "$code" in
    0) echo "the repository of snapshots is there" ;;
    10) run init --quiet || fail "the backup repository cannot be used: exit code $? of restic init" ;;
    12) fail "the backup repository cannot be used: berth:backupKey is not the key that its snapshots of Redis and volumes were made with" ;;
    *) fail "$said
the backup repository cannot be used: the store does not answer, or refuses its keys (exit code $code of restic)" ;;
  esac
}

# Which files Redis's data consists of now; nothing of a volume.
manifest() {
  [ "$1" != redis ] || cat "$root/redis/appendonlydir/"*.manifest
}

# snapshot <source> <type>: the id of a new snapshot is in $id.
#
# Redis appends to one file, and never changes the others that its manifest names; so files that were read while the
# manifest stayed the same are what the server had written at one moment. After a rewrite they are read once more.
snapshot() {
  for try in 1 2 3 4 5; do
    before=$(manifest "$1")
    code=0
    run backup --retry-lock 15m --quiet --json --host "$BERTH_STACK" --tag "$1" --tag "$2" --exclude "$root/redis/temp-*" "$root/$1" > "$work/out" 2> "$work/err" || code=$?
    id=$(sed -n 's/.*"snapshot_id":"\([0-9a-f]\{8\}\).*/\1/p' "$work/out")
    # 3: files that could not be read. One that was removed meanwhile is no part of this moment.
    if [ "$code" -eq 3 ] && [ -n "$id" ] && ! grep '"message_type":"error"' "$work/err" | grep -qv 'no such file or directory'; then code=0; fi
    if [ "$code" -ne 0 ] || [ -z "$id" ]; then
      cat "$work/err" >&2
      return 1
    fi
    [ "$before" != "$(manifest "$1")" ] || return 0
    run forget --quiet "$id"
  done
  echo "Redis rewrote its files while they were read, $try times in a row" >&2
  return 1
}

backup() {
  case "${1:-}" in full) type=full ;; diff | incr) type=differential ;; *) fail "backup is of the type full, diff or incr, not \"${1:-}\"" ;; esac
  trap 'backup_ended $?' EXIT
  stage="making room in /tmp"
  mkdir "$work"
  # Of a run that was killed.
  stage="restic unlock"
  run unlock --quiet
  ids=""
  for source in $(sources); do
    stage="restic backup of $source"
    snapshot "$source" "$type"
    echo "$source: snapshot $id"
    ids="$ids $id"
  done
  # Only now, so that a run that fails pushes no good snapshot out.
  stage="restic forget"
  forget full "$BERTH_KEEP_FULL"
  forget differential "$BERTH_KEEP_DIFFERENTIAL"
  # What restic removes it must first move together: once a week.
  stage="restic prune"
  [ "$type" != full ] || unless_locked prune --quiet
  stage="restic stats"
  # shellcheck disable=SC2086
  size=$(run stats --quiet --json --mode raw-data $ids | sed -n 's/.*"total_size":\([0-9]*\).*/\1/p')
  stage="writing metrics"
  {
    gauge berth_snapshot_last_success_timestamp_seconds "Time at which the newest snapshots of Redis and of all volumes ended." "$(date +%s)"
    gauge berth_snapshot_size_bytes "Size of the newest snapshots in the repository." "$size"
  } | metrics_file berth_snapshot
  stage=""
}

backup_ended() {
  if [ "$1" -eq 0 ] && [ -z "$stage" ]; then success=1; else success=0; fi
  rm -rf "$work" || true
  gauge berth_snapshot_success "Whether the last snapshots that were tried succeeded." "$success" | metrics_file berth_snapshot_result || true
  [ "$success" -eq 1 ] || { echo "snapshots failed: $stage" >&2; exit 1; }
  echo "snapshots done: $type"
}

# forget <type> <count>: of each source its newest ones stay.
forget() {
  unless_locked forget --quiet --host "$BERTH_STACK" --tag "$1" --group-by host,tags --keep-last "$2"
}

# What another run holds up is done by the next one.
unless_locked() {
  code=0
  run "$@" || code=$?
  [ "$code" -ne 11 ] || { echo "restic $1 is left to the next run: another one uses the repository"; return 0; }
  return "$code"
}

# Before a restore: the present state. It has a count of its own, so that no schedule pushes it out.
keep() {
  [ -n "$(ls -A "$root/$1")" ] || { echo empty; return 0; }
  trap 'rm -rf "$work"' EXIT
  mkdir "$work"
  snapshot "$1" before-restore || fail "the present state of $1 could not be kept, so nothing was restored"
  forget before-restore "$BERTH_KEEP_DIFFERENTIAL"
  echo "$id"
}

verify() {
  run unlock --quiet || true
  code=0
  run check --retry-lock 5m --read-data || code=$?
  [ "$code" -ne 11 ] || fail "verify failed: another run uses the repository of snapshots, or one was killed in the last half hour"
  [ "$code" -eq 0 ] || fail "verify failed: the repository of snapshots is damaged or cannot be read, see the lines above (exit code $code of restic)"
  [ "$(run snapshots --quiet --json)" != "[]" ] || fail "verify failed: the repository of snapshots has no backup yet: ./berth backup"
  echo "verify passed"
}

# newest <source>: of the schedules and of ./berth backup; no line where there is none.
newest() {
  run snapshots --quiet --no-lock --json --host "$BERTH_STACK" --tag "$1,full" --tag "$1,differential" | sed 's/"short_id":"/\n/g' | sed -n '1d; s/^\([0-9a-f]*\)".*/\1/p' | tail -n 1
}

# bytes_of <snapshot>: what a restore of it writes.
bytes_of() {
  run stats --quiet --no-lock --json --mode restore-size "$1" | sed -n 's/.*"total_size":\([0-9]*\).*/\1/p'
}

# enough <directory> <bytes>: a disk that is full stops whatever else is on it.
enough() {
  need=$(($2 / 1024 + 131072))
  free=$(df -Pk "$1" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$need" ] || { echo "too little disk: $((need / 1024)) MiB are needed, and $((free / 1024)) MiB are free; nothing was written. Free some: docker system df" >&2; return 1; }
}

# unpack <snapshot> <source> <directory>: with what the volume's own directory is, which is below `directory`.
unpack() {
  run restore --quiet --no-lock --delete --verify --target "$3" "$1:$(dirname "$root/$2")"
}

# room <source> <snapshot>: for all of it beside what is there.
room() {
  bytes=$(bytes_of "$2")
  enough "$root/$1" "${bytes:?restic stats}" || exit 75
}

# clear <source>: as it was before something was restored to an empty volume.
clear() {
  find "$root/$1" -mindepth 1 -delete
}

# restore <source> <snapshot>: what is in the volume becomes what was; nobody may use it meanwhile.
restore() {
  unpack "$2" "$1" "$(dirname "$root/$1")" || fail "restore failed: exit code $? of restic restore"
  echo "restored $1 from $2"
}

# A drill restores the newest snapshot of each source to a directory of its own, compares what was written with the
# checksums of the repository, and starts a Redis server on Redis's files that nobody but this script reaches.
drill() {
  began=$(date +%s)
  trap 'drill_ended $?' EXIT
  server=""
  stage="making room in $scratch"
  mkdir "$work"
  : > "$work/files"
  stage="no snapshot to restore"
  for source in $(sources); do
    id=$(newest "$source")
    [ -n "$id" ] || { echo "$source: no snapshot yet"; continue; }
    stage="reading the snapshot $id of $source"
    bytes=$(bytes_of "$id")
    stage="too little disk for $source"
    enough "$scratch" "${bytes:?restic stats}"
    stage="restic restore of $source"
    rm -rf "$scratch/data"
    mkdir -m 700 "$scratch/data"
    unpack "$id" "$source" "$scratch/data"
    stage="counting the files of $source"
    files=$(find "$scratch/data" -type f | wc -l)
    printf 'berth_snapshot_drill_files{source="%s"} %s\n' "$source" "$files" >> "$work/files"
    if [ "$source" = redis ]; then
      stage="Redis did not start on the restored files"
      count_keys "$scratch/data/redis"
      echo "redis: $keys keys"
    else
      echo "$source: $files files, $bytes bytes"
    fi
    stage="no snapshot to restore"
    passed=1
  done
  [ "${passed:-0}" -eq 1 ]
  stage="writing metrics"
  {
    gauge berth_snapshot_drill_last_success_timestamp_seconds "Time at which a restore drill of the snapshots last passed." "$(date +%s)"
    printf '# HELP berth_snapshot_drill_files Files that the last drill that passed restored.\n# TYPE berth_snapshot_drill_files gauge\n'
    cat "$work/files"
    [ -z "${keys:-}" ] || gauge berth_snapshot_drill_keys "Keys that Redis had on the files that the last drill that passed restored." "$keys"
  } | metrics_file berth_snapshot_drill
  stage=""
}

# count_keys <directory>: of all databases, in $keys. Not in a subshell: a server that does not answer is killed at the end.
count_keys() {
  redis-server --port 0 --unixsocket "$work/redis.sock" --dir "$1" --appendonly yes --save "" --daemonize no --logfile "$work/redis.log" > /dev/null &
  server=$!
  until [ "$(redis-cli -s "$work/redis.sock" ping 2> /dev/null)" = PONG ]; do
    kill -0 "$server" 2> /dev/null || { tail -n 20 "$work/redis.log" >&2; return 1; }
    sleep 0.2
  done
  keys=$(redis-cli -s "$work/redis.sock" info keyspace | awk -F '[=,]' '/^db/ { sum += $2 } END { printf "%.0f", sum }')
  kill "$server"
  wait "$server" || true
  server=""
}

drill_ended() {
  if [ "$1" -eq 0 ] && [ -z "$stage" ]; then success=1; else success=0; fi
  [ -z "$server" ] || kill -KILL "$server" 2> /dev/null || true
  rm -rf "$work" "$scratch/data" || true
  took=$(($(date +%s) - began))
  {
    gauge berth_snapshot_drill_success "Whether the last restore drill of the snapshots passed." "$success"
    gauge berth_snapshot_drill_duration_seconds "Time that the last restore drill of the snapshots took." "$took"
  } | metrics_file berth_snapshot_drill_result || true
  [ "$success" -eq 1 ] || { echo "restore drill failed after $took s: $stage" >&2; exit 1; }
  echo "restore drill passed in $took s"
}

case "${1:-}" in
  init | backup | verify | drill | room | restore | keep | clear) "$@" ;;
  *) fail "usage: berth-snapshots init | backup full|diff|incr | verify | drill | room|restore <source> <snapshot> | keep|clear <source>" ;;
esac
