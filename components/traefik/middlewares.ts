import type { RouteOptions } from "./route-options.ts";

/** Middlewares in the order in which a request goes through them, and what is to be written of them. */
export interface Chain {
  names: string[];
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
 * The middlewares of a route.
 *
 * @param prefix What their names begin with: no two files may have the same.
 */
export function chainOf({ headers, middlewares = [] }: RouteOptions, prefix: string, secure: boolean): Chain {
  const own = middlewares.map((middleware, index): [string, object] => [`${prefix}_${index}`, middleware]);
  if (headers === undefined) return { names: [...(secure ? ["security"] : []), ...own.map(([name]) => name)], written: Object.fromEntries(own) };
  const all = headersOf(headers, secure);
  const first: [string, object][] = Object.keys(all).length === 0 ? [] : [[`${prefix}_headers`, setHeaders(all)]];
  return { names: [...first, ...own].map(([name]) => name), written: Object.fromEntries([...first, ...own]) };
}

/** The application's headers over the usual ones; names differ by no capital letter. */
function headersOf(headers: Record<string, string | false>, secure: boolean): Record<string, string> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const usual = Object.entries(secure ? securityHeaders : {}).filter(([name]) => !given.has(name.toLowerCase()));
  const set = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== false);
  return Object.fromEntries([...usual, ...set]);
}
