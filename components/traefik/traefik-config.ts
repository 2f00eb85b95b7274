import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { Balancing } from "../app/definition.ts";
import { secureRouter, securityHeaders, staticTls, type Tls, tlsOptions } from "./tls.ts";

/** One host name and the containers that serve it. */
export interface Route {
  /** Name of its router and its service, for example the application's. */
  name: string;
  /** Host name of requests. */
  host: string;
  /** Containers by name. */
  servers: string[];
  /** Port of the containers. */
  port: number;
  /** Path that answers 2xx, or `healthStatus`, while a server may get requests. @default not asked for */
  healthPath?: string | undefined;
  /** The one status that says so. @default any 2xx or 3xx */
  healthStatus?: number;
  /** @default "round-robin" */
  balancing?: Balancing | undefined;
}

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

/** One file of the dynamic configuration, and the unused middleware by which Traefik's API shows that it has been read. */
export interface RouteFile {
  text: string;
  /** Named by the content. */
  revision: string;
}

/**
 * What the routes share. API and metrics answer the monitoring network only; the edge network, where applications are,
 * gets 403. Where the stack is `secure`, applications answer by HTTPS only.
 */
export function renderShared(monitoringSubnet: string, secure = false): RouteFile {
  const routers = {
    // No application's name has an underscore.
    internal_api: internalRouter("PathPrefix(`/api`)", "api@internal"),
    internal_metrics: internalRouter("Path(`/metrics`)", "prometheus@internal"),
  };
  const middlewares = {
    monitoring: { ipAllowList: { sourceRange: [monitoringSubnet, "127.0.0.1/32"] } },
    ...(secure && { security: { headers: securityHeaders } }),
  };
  return marked({ http: { routers, middlewares }, ...(secure && { tls: { options: tlsOptions } }) });
}

/**
 * A route: a router, and a service that names its containers. Traefik's own health check takes a crashed or hung server
 * out within about 3 s.
 */
export function renderRoute(route: Route, secure = false): RouteFile {
  const { name, host } = route;
  const router = { rule: `Host(\`${host}\`)`, service: name, ...(secure ? secureRouter : { entryPoints: ["web"] }) };
  return marked({ http: { routers: { [name]: router }, services: { [name]: service(route) } } });
}

/** Nothing but the mark of these names, for what must be seen once the files of other names are gone. */
export function renderNames(names: readonly string[]): RouteFile {
  return marked({ http: {} }, names);
}

/** `service@file=url` of each server that must be up before the old containers may go. */
export function serverChecks(route: Route): string[] {
  return urls(route).map((url) => `${route.name}@file=${url}`);
}

/** @param key What the mark is named by. @default the content */
function marked(content: { http: Record<string, object>; tls?: object }, key: unknown = content): RouteFile {
  const revision = `revision-${createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 12)}`;
  const middlewares = { ...content.http["middlewares"], [revision]: { stripPrefix: { prefixes: ["/"] } } };
  return { text: stringify({ ...content, http: { ...content.http, middlewares } }, { aliasDuplicateObjects: false }), revision };
}

function internalRouter(rule: string, target: string) {
  return { rule, service: target, entryPoints: ["internal"], middlewares: ["monitoring"] };
}

function service(route: Route) {
  return {
    loadBalancer: {
      servers: urls(route).map((url) => ({ url })),
      // Of two servers by chance, the one with fewer requests in flight: for two replicas the least of all.
      ...(route.balancing === "least-connections" && { strategy: "p2c" }),
      ...(route.healthPath !== undefined && {
        healthCheck: { path: route.healthPath, ...(route.healthStatus !== undefined && { status: route.healthStatus }), interval: "1s", timeout: "2s" },
      }),
      passHostHeader: true,
    },
  };
}

function urls({ servers, port }: Route): string[] {
  return servers.map((server) => `http://${server}:${port}`);
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
