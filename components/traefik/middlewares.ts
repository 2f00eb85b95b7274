import { closing } from "./maintenance.ts";
import type { RouteOptions } from "./route-options.ts";

/** Middlewares in the order in which a request goes through them, and what is to be written of them. */
export interface Chain {
  names: string[];
  /** The one of `names` that sets response headers, if there is one: for what answers in the application's place. */
  headers: string[];
  /** Those of `names` that close the route for maintenance. */
  closed: string[];
  written: Record<string, object>;
}

/**
 * What an application answers with by HTTPS, unless its app.ts says otherwise. Browsers take a policy on frames of the
 * application's own (`frame-ancestors` of Content-Security-Policy) before X-Frame-Options.
 */
export const securityHeaders = {
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "SAMEORIGIN",
};

/** A middleware that sets response headers. Traefik sets them over the servers' own, and has none that sets what is missing. */
export function setHeaders(customResponseHeaders: Record<string, string>) {
  return { headers: { customResponseHeaders } };
}

/**
 * A request that did not reach a server is tried on the next one, whatever its method. One that did, and was answered 502
 * since the server went away, is tried once more, unless its method is POST, PATCH or LOCK. They are two, as tries of the
 * one kind would use up those of the other.
 */
const retries = {
  again: { retry: { attempts: 2, status: ["502"], disableRetryOnNetworkError: true } },
  elsewhere: { retry: { attempts: 10 } },
};

/**
 * The middlewares of a route.
 *
 * @param prefix What their names begin with: no two files may have the same.
 */
export function chainOf({ name, headers, middlewares = [], retry = true, servers, maintenance }: RouteOptions & { name: string; servers: readonly string[] }, prefix: string, secure: boolean): Chain {
  const all = headers === undefined ? {} : headersOf(headers, secure);
  const set: [string, object][] = Object.keys(all).length === 0 ? [] : [[`${prefix}_headers`, setHeaders(all)]];
  const closed = maintenance === undefined ? [] : closing(name, prefix, maintenance);
  const own: [string, object][] = [
    ...closed,
    ...middlewares.map((middleware, index): [string, object] => [`${prefix}_${index}`, middleware]),
    ...(retry && servers.length > 1 ? Object.entries(retries).map(([name, middleware]): [string, object] => [`${prefix}_${name}`, middleware]) : []),
  ];
  const first = headers === undefined && secure ? ["security"] : set.map(([name]) => name);
  return { names: [...first, ...own.map(([name]) => name)], headers: first, closed: closed.map(([name]) => name), written: Object.fromEntries([...set, ...own]) };
}

/** The application's headers over the usual ones; names differ by no capital letter. */
function headersOf(headers: Record<string, string | false>, secure: boolean): Record<string, string> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const usual = Object.entries(secure ? securityHeaders : {}).filter(([name]) => !given.has(name.toLowerCase()));
  const set = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== false);
  return Object.fromEntries([...usual, ...set]);
}
