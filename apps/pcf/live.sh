#!/bin/sh
# pcf-live [migrate]: runs the service, or its migrations, from the mounted source, which is the working directory; the
# service runs again after each change.
set -eu

# A new volume is empty: it gets the crates and what is compiled of them from the image.
for seed in cargo target; do
  if [ ! -e "/$seed/.seeded" ]; then
    echo "{\"level\":\"INFO\",\"message\":\"filling /$seed\"}"
    cp -R --preserve=timestamps "/opt/seed/$seed/." "/$seed/"
    touch "/$seed/.seeded"
  fi
done

# The settings of the source, so that a change of them counts too.
export PCF_CONFIG_DIR="$PWD/config"

if [ "${1-}" = migrate ]; then
  cargo build --locked
  exec /target/debug/pcf migrate
fi

child=
stopping=
stop() {
  stopping=1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
}
trap stop TERM INT

# entr ends when a file is added (-d); then the list is made again.
while [ -z "$stopping" ]; do
  find src migrations config Cargo.toml Cargo.lock -type f |
    entr -d -n -r sh -c 'cargo build --locked && /target/debug/pcf migrate && exec /target/debug/pcf serve' &
  child=$!
  wait "$child" || true
  # A signal interrupts the first wait; the second one is for what is in flight.
  wait "$child" || true
done
