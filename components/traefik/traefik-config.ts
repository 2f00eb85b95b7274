import { stringify } from "yaml";
import { staticTls, type Tls } from "./tls.ts";

/** Directory of the routes' files in Traefik and in the jobs that write them. */
export const routesDirectory = "/etc/traefik/routes";

/** How requests come in. Times are Traefik's, for example `10m`. */
export interface Listening {
  /** Addresses, and networks in CIDR form, whose X-Forwarded-… headers count. @default nobody's do */
  trustedProxies?: readonly string[] | undefined;
  /** In which a request must be there, its body too. @default "10m" */
  readTimeout?: string | undefined;
  /** In which an answer must be sent. @default without end */
  writeTimeout?: string | undefined;
  /** After which a connection without a request is closed. @default Traefik's, 3 minutes */
  idleTimeout?: string | undefined;
}

/**
 * traefik.yml: the static configuration.
 *
 * Port 8000 takes requests by HTTP, 8443 by HTTPS where `tls` is given; 8080 serves ping, API and metrics for the
 * monitoring network alone. There is no Docker provider, so Traefik needs no Docker socket.
 */
export function renderTraefikStatic(tls?: Tls, listening: Listening = {}): string {
  const { web, ...secure } = tls === undefined ? {} : staticTls(tls);
  const point = entryPoint(listening);
  return stringify({
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: "INFO", format: "json" },
    accessLog: { format: "json", fields: { headers: { defaultMode: "drop" } } },
    entryPoints: {
      web: { address: ":8000", ...point, ...web },
      ...(tls !== undefined && { websecure: { address: ":8443", ...point } }),
      internal: { address: ":8080" },
    },
    providers: { file: { directory: routesDirectory, watch: true } },
    api: { dashboard: false },
    ping: { entryPoint: "internal" },
    metrics: { prometheus: { manualRouting: true, addServicesLabels: true } },
    ...secure,
  }, { aliasDuplicateObjects: false });
}

function entryPoint({ trustedProxies, readTimeout = "10m", writeTimeout, idleTimeout }: Listening) {
  return {
    transport: {
      // Long enough for requests that are running when Traefik stops; its container waits longer.
      lifeCycle: { graceTimeOut: "20s" },
      respondingTimeouts: { readTimeout, ...(writeTimeout !== undefined && { writeTimeout }), ...(idleTimeout !== undefined && { idleTimeout }) },
    },
    ...(trustedProxies !== undefined && { forwardedHeaders: { trustedIPs: trustedProxies } }),
  };
}

/** Addresses of host names, as {@link addressOf} gives them; none of one that is undefined. */
export function addressesOf(publish: Parameters<typeof addressOf>[0], hosts: Record<string, string | undefined>): Record<string, string> {
  const address = addressOf(publish);
  return Object.fromEntries(Object.entries(hosts).flatMap(([name, host]) => (host === undefined ? [] : [[name, address(host)]])));
}

/** What a browser is given to reach a host name, `https://shop.example.com` or `http://shop.localhost:8080`. */
export function addressOf({ http, https }: { http: number; https?: number | undefined }): (host: string) => string {
  const [scheme, port, usual] = https === undefined ? ["http", http, 80] : ["https", https, 443];
  return (host) => `${scheme}://${host}${port === usual ? "" : `:${port}`}`;
}
