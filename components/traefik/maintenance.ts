/** A route that is closed for maintenance: everybody is answered 503 with a page, but who may come in all the same. */
export interface Maintenance {
  /** Address of the server that has the page, as Traefik asks it. */
  page: string;
  /** Addresses, and networks in CIDR form, whose requests get through. @default nobody's */
  allow?: readonly string[] | undefined;
  /** The address of who asks is what a proxy in front of Traefik says. @default false */
  proxied?: boolean;
}

/** What the service with the page is called in a route's file. */
export const pageService = (route: string) => `${route}_page`;

/**
 * The middlewares that close a route, in front of all that are the application's own: no login is asked for, no limit
 * counts. Traefik has none that answers by itself, but one that refuses addresses with a status of choice, and one that puts
 * another server's page in the place of an answer.
 *
 * @param prefix What their names begin with.
 */
export function closing(route: string, prefix: string, { allow = [], proxied = false }: Maintenance): [name: string, middleware: object][] {
  // Nobody has this address.
  const sourceRange = allow.length === 0 ? ["255.255.255.255/32"] : [...allow];
  return [
    [`${prefix}_page`, { errors: { status: ["503"], service: pageService(route), query: "/" } }],
    [`${prefix}_closed`, { ipAllowList: { sourceRange, rejectStatusCode: 503, ...(proxied && { ipStrategy: { depth: 1 } }) } }],
  ];
}
