import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { Balancing } from "../app/definition.ts";
import { chainOf, securityHeaders, setHeaders } from "./middlewares.ts";
import { pageService } from "./maintenance.ts";
import type { RouteOptions } from "./route-options.ts";
import { routersOf } from "./routers.ts";
import { tlsOptions } from "./tls.ts";

/** A host name, and the containers that serve it. */
export interface Route extends RouteOptions {
  /** Name of its router and its service, for example the application's. */
  name: string;
  /** Host name of requests. */
  host: string;
  /** Containers by name. */
  servers: string[];
  /** Port of the containers. */
  port: number;
  /** Path that answers 2xx or 3xx, or `healthStatus`, while a server may get requests. @default not asked for */
  healthPath?: string | undefined;
  /** The one status that says so. @default any 2xx or 3xx */
  healthStatus?: number;
  /** What people ask for it by. @default "https" where the stack is secure, else "http" */
  scheme?: "http" | "https";
  /** @default "round-robin" */
  balancing?: Balancing | undefined;
}

/** One file of the dynamic configuration, and the unused middleware by which Traefik's API shows that it has been read. */
export interface RouteFile {
  text: string;
  /** Named by the content. */
  revision: string;
}

/** What the cut-over's job puts a name of its own in the place of, in the text of {@link renderNext}. */
export const attemptMark = "@attempt@";

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
    ...(secure && { security: setHeaders(securityHeaders) }),
  };
  return marked({ http: { routers, middlewares }, ...(secure && { tls: { options: tlsOptions } }) });
}

/**
 * A route: its routers, and a service for each port that names its containers. Traefik's own health check takes a crashed
 * or hung server out within about 3 s. Where all fail it, as on a machine that is too busy to answer in time, requests are
 * tried on each all the same: a slow health view must not take a whole application away.
 */
export function renderRoute(route: Route, secure = false): RouteFile {
  const checked = route.healthPath !== undefined;
  const named = (port?: string) => (port === undefined ? route.name : `${route.name}_port_${port}`);
  const entry = (port?: string) => (checked ? `${named(port)}_route` : named(port));
  const services = (port?: string) => {
    const [name, unchecked] = [named(port), `${named(port)}_unchecked`];
    const fallback = { [entry(port)]: { failover: { service: name, fallback: unchecked } }, [unchecked]: service({ ...route, healthPath: undefined }, secure, port) };
    return { [name]: service(route, secure, port), ...(checked && fallback) };
  };
  const { routers, middlewares } = routersOf(route, entry, secure);
  const all = Object.assign({}, ...[undefined, ...Object.keys(route.ports ?? {})].map(services)) as Record<string, object>;
  const page = route.maintenance && { [pageService(route.name)]: { loadBalancer: { servers: [{ url: route.maintenance.page }] } } };
  return marked({ http: { routers, services: { ...all, ...page }, ...(Object.keys(middlewares).length > 0 && { middlewares }) } });
}

/**
 * What of a route is to come, where no request reaches it: Traefik checks a service, and makes a middleware, that a router
 * uses, and this router listens inside. The service has another name at each attempt, as the gauge of an earlier one stays.
 *
 * @returns Undefined where nothing can be found out in this way.
 */
export function renderNext(route: Route, secure = false): string | undefined {
  const next = `next_${route.name}`;
  // The page is asked for as a server of its own.
  const { names, written } = chainOf({ ...route, maintenance: undefined }, next, false);
  if (route.healthPath === undefined && names.length === 0) return undefined;
  const { middlewares, ...router } = internalRouter("Host(`next.invalid`)", `${next}_${attemptMark}`);
  const routers = { [next]: { ...router, middlewares: [...middlewares, ...names] } };
  return text({ http: { routers, services: { [`${next}_${attemptMark}`]: service(route, secure) }, ...(names.length > 0 && { middlewares: written }) } });
}

/** Nothing but the mark of these names, for what must be seen once the files of other names are gone. */
export function renderNames(names: readonly string[]): RouteFile {
  return marked({ http: {} }, names);
}

/** Addresses of a route's servers, as Traefik knows them. */
export function urls({ servers, port }: Route): string[] {
  return servers.map((server) => `http://${server}:${port}`);
}

/** @param key What the mark is named by. @default the content */
function marked(content: { http: Record<string, object>; tls?: object }, key: unknown = content): RouteFile {
  const revision = `revision-${createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 12)}`;
  const middlewares = { ...content.http["middlewares"], [revision]: { stripPrefix: { prefixes: ["/"] } } };
  return { text: text({ ...content, http: { ...content.http, middlewares } }), revision };
}

/** Traefik reads files as Go templates, so the beginning of an action is written as one that prints it. */
function text(content: object): string {
  return stringify(content, { aliasDuplicateObjects: false, lineWidth: 0 }).replaceAll("{{", '{{ "{{" }}');
}

function internalRouter(rule: string, target: string) {
  return { rule, service: target, entryPoints: ["internal"], middlewares: ["monitoring"] };
}

function service(route: Route, secure: boolean, port?: string) {
  const { scheme = secure ? "https" : "http" } = route;
  const other = port === undefined ? undefined : route.ports?.[port]?.port;
  return {
    loadBalancer: {
      servers: urls({ ...route, port: other ?? route.port }).map((url) => ({ url })),
      // Of two servers by chance, the one with fewer requests in flight: for two replicas the least of all.
      ...(route.balancing === "least-connections" && { strategy: "p2c" }),
      ...(route.healthPath !== undefined && { healthCheck: healthCheck(route, route.healthPath, scheme, other !== undefined) }),
      ...(route.sticky === true && { sticky: { cookie: cookie(route.name, scheme === "https") } }),
      passHostHeader: true,
    },
  };
}

/** It is the session's: it ends with the browser, and scripts can't read it. */
function cookie(name: string, secure: boolean) {
  return { name: `berth_${name}`, httpOnly: true, sameSite: "lax", ...(secure && { secure }) };
}

/**
 * Asks as a request that came through the route would: frameworks refuse a host that they do not know, and redirect what is
 * not HTTPS. Servers are asked one after the other, so two that hang are out after 5 s.
 */
function healthCheck({ host, port, healthStatus }: Route, path: string, scheme: string, elsewhere: boolean) {
  return {
    path,
    ...(elsewhere && { port }),
    ...(healthStatus !== undefined && { status: healthStatus }),
    interval: "1s",
    timeout: "2s",
    hostname: host,
    headers: { "X-Forwarded-Proto": scheme },
    // A redirect names the route's host, which leads out of here and back through Traefik.
    followRedirects: false,
  };
}
