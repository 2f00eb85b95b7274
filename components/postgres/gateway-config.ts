/** Where the gateway listens for its health check: on its own loopback. */
export const healthAddress = "127.0.0.1:8404";

/** Connections that a gateway has open at most: more than a server ever allows, so that Postgres itself says what is too many. */
const connections = 2048;

/** Seconds for which a new connection waits for a server that is away. */
export const patience = 40;

/** The server behind a gateway. */
export interface GatewayTarget {
  /** Its name on the data network. */
  server: string;
  port: number;
  /** An address of that network that nobody has. */
  nobody: string;
}

/**
 * haproxy.cfg of the gateway of an application: each connection is handed on to the server; one that finds it away is tried
 * again each second.
 *
 * The server is never checked, as a server that is known to be down would have its connections refused. For the same reason its
 * last address stays until the Docker Engine's resolver says another, and until it has said one, `nobody` is tried: an address
 * that does not answer, while one without a route would fail at once. Each try looks the address up, as a new container has
 * another (`redispatch`). What nobody waits for any more is not tried (`abortonclose`).
 */
export function renderGatewayConfig({ server, port, nobody }: GatewayTarget): string {
  // The longest time that HAProxy knows.
  const kept = "24d";
  return rendered({
    global: ["nbthread 1", `maxconn ${connections}`, "tune.buffers.limit 1024", "log stdout format raw daemon"],
    defaults: [
      "mode tcp",
      "timeout connect 1s",
      `retries ${patience}`,
      "option redispatch 1",
      "option abortonclose",
      `timeout client ${kept}`,
      `timeout server ${kept}`,
      "option clitcpka",
      "option srvtcpka",
    ],
    "resolvers docker": [
      "nameserver docker 127.0.0.11:53",
      "timeout resolve 1s",
      "timeout retry 1s",
      "hold valid 1s",
      ...["nx", "other", "refused", "timeout"].map((answer) => `hold ${answer} ${kept}`),
      "hold obsolete 0s",
    ],
    // What ended well at the first try is not logged.
    "frontend applications": [`bind :${port}`, "log global", "option tcplog", "option dontlog-normal", "default_backend server"],
    "backend server": ["log global", `server postgres ${server}:${port} resolvers docker resolve-prefer ipv4 init-addr libc,${nobody || "none"}`],
    "frontend health": ["mode http", `bind ${healthAddress}`, "timeout client 5s", "http-request return status 200"],
  });
}

function rendered(sections: Record<string, string[]>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `${name}\n${lines.map((line) => `  ${line}\n`).join("")}`)
    .join("\n");
}
