import { routesDirectory } from "./traefik-config.ts";

/** Statuses by which a server says that it may get requests, as a pattern of the shell. */
export function statusPattern(healthStatus?: number): string {
  return healthStatus === undefined ? "[23]??" : `${healthStatus}`;
}

/**
 * Shell functions of the jobs that write Traefik's files. Traefik watches the directory, reads it whole, and then waits for
 * 2 s: so a file is written in a directory below, which is not watched, and renamed into place. Written in place, one
 * request in ten was answered 404.
 *
 * @param api Where Traefik's API and metrics are.
 */
export const functions = (api: string) => `
cd ${routesDirectory}
traefik=${api}
put() { # put <file> <text>
  mkdir -p .writing
  printf '%s' "$2" > ".writing/$1"
  mv ".writing/$1" "$1"
}
live() { # live <revision>
  tries=0
  until wget -q -T 2 -O - "$traefik/api/http/middlewares/$1@file" 2>/dev/null | grep -q '"enabled"'; do
    tries=$((tries + 1))
    if [ "$tries" -ge 150 ]; then
      echo "Traefik has not read $file after 30 s; one file that it can't read stops it from reading all. What it says: berth logs traefik"
      exit 1
    fi
    sleep 0.2
  done
  echo "$1 is live"
}
`;

/** Writes a file that names no servers, and removes the files that are not kept: `<file> <text> <revision> [<kept> …]`. */
export const writeScript = (api: string) => `${functions(api)}
file=$1 text=$2 revision=$3
shift 3
if [ "$#" -gt 0 ]; then
  for found in *.yml; do
    case " $* " in *" $found "*) ;; *) rm -f "$found" ;; esac
  done
fi
put "$file" "$text"
live "$revision"
`;

/**
 * The cut-over of one route: `<name> <text> <revision> <text of what is to come, or ""> <mark> <host> <scheme> <health path, or "none"> <statuses> <server> …`.
 *
 * 1. What is to come is loaded where no request reaches it, under a name that was never used. A middleware that Traefik can't
 *    make would take the whole route away, so it is found out there.
 * 2. Traefik has checked each of them with success: its gauge is set by a check alone, while its API, and its balancer,
 *    take every server for well until the first one. Those without a health path are asked for a connection.
 * 3. The route's file is replaced by the new one.
 *
 * Whatever fails, the route is as it was before. A server that does not answer may be slow for 10 s, as on a busy machine;
 * one that answers something else, or refuses, is given the time of three checks.
 */
export const cutOverScript = (api: string) => `${functions(api)}
name=$1 file=route-$1.yml text=$2 revision=$3 next=$4 mark=$5 host=$6 scheme=$7 path=$8 statuses=$9
shift 9
attempt=$(cat /proc/sys/kernel/random/uuid)
swapped=
ended() {
  code=$?
  if [ "$code" -ne 0 ] && [ -n "$swapped" ]; then
    if [ -e ".writing/$file.before" ]; then mv ".writing/$file.before" "$file"; else rm -f "$file"; fi
    echo "the route is as it was before"
  fi
  rm -f "next-$name.yml" ".writing/$file.before"
}
trap ended EXIT
trap 'exit 143' TERM
ask() { # ask <server>: sets \`asked\`, \`said\`, and \`found\` to well, slow or bad
  asked=$1\${path#none}
  all=$(wget -S -T 3 -O /dev/null --header "Host: $host" --header "X-Forwarded-Proto: $scheme" "$asked" 2>&1) || true
  said=$(printf '%s\\n' "$all" | sed -n 's|^ *HTTP/[0-9.]* *||p' | sed -n 1p)
  target=$(printf '%s\\n' "$all" | sed -n 's|^ *[Ll]ocation: *||p' | sed -n 1p)
  found=bad
  if [ -n "$said" ]; then
    case \${said%% *} in $statuses) found=well ;; esac
    if [ "$path" = none ]; then found=well; fi
    case $target in
      https://"$host"*"\${path#none}")
        said="$said, to $target"
        if [ "$scheme" = http ]; then said="$said; this stack has no HTTPS, so every request would be sent there"; else said="$said, though X-Forwarded-Proto says https: it must trust that header"; fi
        if [ "$path" != none ]; then found=bad; fi
        ;;
    esac
  else
    said=$(printf '%s\\n' "$all" | sed -n '$s/^wget: //p')
    case $said in
      *"timed out"*) found=slow said="no answer within 3 s" ;;
      *refused*) said="Connection refused: it listens on another port, or on 127.0.0.1 alone, which nobody else reaches; 0.0.0.0 is every address" ;;
      *connect*|*address*) ;;
      *) if [ "$path" = none ]; then found=well; fi ;;
    esac
  fi
}
look() { # sets \`down\` and \`unknown\` to servers, by what Traefik has found
  down= unknown=
  if [ "$path" = none ]; then
    for server in "$@"; do
      ask "$server"
      if [ "$found" != well ]; then down="$down $server"; fi
    done
    return
  fi
  gauges=$(wget -q -T 2 -O - "$traefik/metrics" 2>/dev/null | grep "^traefik_service_server_up{.*$attempt@file") || true
  for server in "$@"; do
    case $gauges in
      *"url=\\"$server\\"} 1"*) ;;
      *"url=\\"$server\\"} 0"*) down="$down $server" ;;
      *) unknown="$unknown $server" ;;
    esac
  done
}
failed() { # failed <what> <server> …: with what each answers that is no good
  if [ -e "$file" ]; then echo "$name: $1; the version before serves on"; else echo "$name: $1; it has no route yet"; fi
  shift
  for server in "$@"; do
    ask "$server"
    case "$found $down $unknown " in well*" $server "*) found=bad ;; esac
    if [ "$found" != well ]; then echo "$asked, asked with Host $host and X-Forwarded-Proto $scheme: $said"; fi
  done
  exit 1
}
made() { # waits until Traefik has read what is to come, and fails where it can't make a middleware of it
  tries=0
  while :; do
    said=$(wget -q -T 2 -O - "$traefik/api/http/routers/next_$name@file" 2>/dev/null) || said=
    case $said in *"$attempt"*) break ;; esac
    tries=$((tries + 1))
    if [ "$tries" -ge 150 ]; then failed "Traefik has not read the new route within 30 s; what it says: berth logs traefik"; fi
    sleep 0.2
  done
  case $said in
    *'"status":"enabled"'*) ;;
    *) failed "Traefik can't make a middleware of the new route: $(printf '%s' "$said" | sed 's/.*"error":\\[//; s/\\],"status".*//')" ;;
  esac
}
if [ -n "$next" ]; then
  put "next-$name.yml" "$(printf '%s' "$next" | sed "s/$mark/$attempt/g")"
  made
fi
began=$(date +%s) since=
while look "$@"; [ -n "$down$unknown" ]; do
  now=$(date +%s)
  if [ -n "$down" ]; then since=\${since:-$now}; else since=; fi
  if [ -n "$since" ] && [ $((now - since)) -ge 3 ]; then
    certain=yes
    for server in $down; do
      ask "$server"
      if [ "$found" != bad ]; then certain=; fi
    done
    if [ -n "$certain" ] || [ $((now - since)) -ge 10 ]; then failed "Traefik can't send requests to all of its $# new servers" "$@"; fi
  fi
  if [ $((now - began)) -ge 30 ]; then failed "Traefik has not checked all new servers within 30 s; what it says: berth logs traefik" "$@"; fi
  sleep 0.5
done
for server in "$@"; do
  ask "$server"
  if [ "$found" = bad ]; then failed "a new server does not answer a request as it must" "$@"; fi
done
if [ -e "$file" ]; then cp "$file" ".writing/$file.before"; fi
swapped=yes
put "$file" "$text"
live "$revision"
`;
