import type { Maintenance } from "./maintenance.ts";

/** What a route may have beside one host name and its servers. None of it is there by default. */
export interface RouteOptions {
  /** More host names, served like `host`. */
  hosts?: readonly string[] | undefined;
  /** Host names whose requests are sent to `host` for good, with path and query. */
  redirects?: readonly string[] | undefined;
  /** Paths of host names that other routes may serve otherwise. */
  paths?: readonly HostPath[] | undefined;
  /** Further ports of the servers by name, each with a host name of its own. */
  ports?: Readonly<Record<string, { port: number; host: string }>> | undefined;
  /** Response headers by name, in the place of the servers' own; `false` leaves the servers' own, or none. */
  headers?: Readonly<Record<string, string | false>> | undefined;
  /** Traefik's middlewares, each an object with one kind, in the order in which a request goes through them. */
  middlewares?: readonly object[] | undefined;
  /** A browser stays with one server, by a cookie, as long as that is there. @default false */
  sticky?: boolean | undefined;
  /** MiB that the body of a request may have; a larger one is answered 413. @default without end */
  bodyLimit?: number | undefined;
  /** A request that a server could not take is tried on another. @default true */
  retry?: boolean | undefined;
  /** Closed for maintenance. @default open */
  maintenance?: Maintenance | undefined;
}

/** A path, and all paths below it. */
export interface HostPath {
  host: string;
  /** For example `/api`. */
  path: string;
  /** Servers are asked without it, and find it in `X-Forwarded-Prefix`. @default false */
  strip?: boolean | undefined;
}
