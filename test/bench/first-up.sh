#!/usr/bin/env bash
# Measures `./berth up` of the stack dev three times: as the machine is, with images and built layers present, and once
# more. Then it writes the table of docs/benchmarks.md. For the table the machine is idle, and has neither Node nor a Docker Engine.
# The stack and its data are removed in between.
set -euo pipefail
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
out=.berth/bench/first-up
mkdir -p "$out"

now() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# The status that an application answers with; nothing where none does. A bare machine may have no curl.
status() {
  exec 3<>/dev/tcp/127.0.0.1/8080 || return
  printf 'GET /health HTTP/1.0\r\nHost: %s.localhost\r\n\r\n' "$1" >&3
  read -r -t 2 _ code _ <&3 && echo "$code"
} 2>/dev/null

# Writes "<milliseconds> <application>" once for each that answers.
watch() {
  local -A seen=()
  local name
  while :; do
    for name in root pcf profiles monitor service-node service-python service-go service-rust; do
      [[ -n ${seen[$name]-} || $(status "$name") != [23]?? ]] || { seen[$name]=yes; echo "$(($(now) - $1)) $name"; }
    done
    sleep 0.5
  done
}

measure() {
  local began
  began=$(now)
  watch "$began" >"$out/$1.answers" &
  local watcher=$!
  ./berth up --json >"$out/$1.json" || { kill $watcher; exit 1; }
  echo $(($(now) - began)) >"$out/$1.whole"
  sleep 1
  kill $watcher
}

measure first
./berth down --volumes --yes
measure present
measure second
node=$(command -v .berth/tools/node/node_modules/node-*/bin/node || command -v node)
exec "$node" test/bench/first-up.ts "$out"
