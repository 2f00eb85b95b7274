import { isMap, isSeq, parseDocument } from "yaml";
import { functions } from "./cut-over.ts";

/** A route's file, and the unused middleware by which Traefik's API shows that it has been read. */
export interface Narrowed {
  text: string;
  mark: string;
}

/**
 * A route's file without one of its containers, which then gets no new request; undefined where another of its services
 * has no other server, or none has this one.
 *
 * @param attempt Letters and digits that no file had before.
 */
export function withoutServer(text: string, container: string, attempt: string): Narrowed | undefined {
  const document = parseDocument(text);
  const services = document.getIn(["http", "services"]);
  let found = false;
  for (const { value } of isMap(services) ? services.items : []) {
    const servers = isMap(value) ? value.getIn(["loadBalancer", "servers"]) : undefined;
    if (!isSeq(servers)) continue;
    const left = servers.items.filter((server) => !isMap(server) || new URL(String(server.get("url"))).hostname !== container);
    if (left.length === servers.items.length) continue;
    if (left.length === 0) return undefined;
    servers.items = left;
    found = true;
  }
  if (!found) return undefined;
  const mark = `aside-${attempt}`;
  document.setIn(["http", "middlewares", mark], document.createNode({ stripPrefix: { prefixes: ["/"] } }));
  return { text: document.toString({ lineWidth: 0 }), mark };
}

/** Whether a file is one of these, which a host that was switched off may have left there; and where what it stands for is. */
export function isNarrowed(text: string): boolean {
  return /^ *aside-[0-9a-f]+:/m.test(text);
}

export function keptFile(file: string): string {
  return `.writing/${file}.aside`;
}

/** What the script prints once no request goes to the container any more. */
export const asideSign = "aside";

/**
 * Puts a route's file in the place of another for as long as its standard input is open: `<file> <text> <mark>`. Then, and
 * whatever ends it, the file is as it was; one that somebody has written meanwhile stays. So it is too where whoever holds
 * the other end of the input is killed.
 */
export const asideScript = (api: string) => `${functions(api)}
file=$1 text=$2 mark=$3 kept=${keptFile("$1")}
ended() {
  code=$?
  trap - EXIT
  if [ "$(cat "$file")" = "$(printf '%s' "$text")" ]; then
    mv "$kept" "$file"
    tries=0
    while wget -q -T 2 -O - "$traefik/api/http/middlewares/$mark@file" 2>/dev/null | grep -q '"enabled"' && [ "$tries" -lt 150 ]; do
      tries=$((tries + 1))
      sleep 0.2
    done
  fi
  rm -f "$kept"
  exit "$code"
}
mkdir -p .writing
if ! grep -q '^ *aside-[0-9a-f]*:' "$file" || ! [ -e "$kept" ]; then cp "$file" "$kept"; fi
trap ended EXIT
trap 'exit 143' TERM
put "$file" "$text"
live "$mark"
echo ${asideSign}
cat > /dev/null
`;
