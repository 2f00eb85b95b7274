import { stringify } from "yaml";
import { staticTls, type Tls } from "./tls.ts";

/** Directory of the routes' files in Traefik and in the jobs that write them. */
export const routesDirectory = "/etc/traefik/routes";

// Long enough for requests that are running when Traefik stops; its container waits longer.
const transport = { lifeCycle: { graceTimeOut: "20s" } };

/**
 * traefik.yml: the static configuration.
 *
 * Port 8000 takes requests by HTTP, 8443 by HTTPS where `tls` is given; 8080 serves ping, API and metrics for the
 * monitoring network alone. There is no Docker provider, so Traefik needs no Docker socket.
 */
export function renderTraefikStatic(tls?: Tls): string {
  const { web, ...secure } = tls === undefined ? {} : staticTls(tls);
  return stringify({
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: "INFO", format: "json" },
    accessLog: { format: "json", fields: { headers: { defaultMode: "drop" } } },
    entryPoints: {
      web: { address: ":8000", transport, ...web },
      ...(tls !== undefined && { websecure: { address: ":8443", transport } }),
      internal: { address: ":8080" },
    },
    providers: { file: { directory: routesDirectory, watch: true } },
    api: { dashboard: false },
    ping: { entryPoint: "internal" },
    metrics: { prometheus: { manualRouting: true, addServicesLabels: true } },
    ...secure,
  }, { aliasDuplicateObjects: false });
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
