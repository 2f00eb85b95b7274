#!/bin/sh
# Builds and runs the service, and again whenever a source file changes.
# The program lies in /cache: nothing can be run from /tmp.
while true; do
  # entr ends with 2 when a file is new, and knows it in the next round.
  find . -name '*.go' -o -name '*.sql' -o -name 'go.*' |
    entr -ndr sh -c 'go build -o /cache/live . && exec /cache/live serve' || true
  sleep 0.2
done
