/** A router as Traefik's file has it. */
export interface Router {
  rule: string;
  service: string;
  entryPoints: string[];
  priority?: number;
  middlewares?: string[];
  tls?: object;
}

/**
 * A limit on the bodies of requests, as routers beside those of a route. One takes the requests that say that they are
 * larger, and refuses them. Another takes those that don't say how large they are, which alone have to be read first: whatever is
 * read first is no stream any more, and its answer neither.
 *
 * @param prefix What names of middlewares begin with.
 * @param mebibytes How large a body may be.
 * @param headers The middleware that sets headers on the answer.
 */
export function bodyLimit(routers: Record<string, Router>, prefix: string, { mebibytes, headers }: { mebibytes: number; headers: string[] }): { routers: Record<string, Router>; middlewares: Record<string, object> } {
  const bytes = mebibytes * 1024 ** 2;
  const [large, buffered] = [`${prefix}_large`, `${prefix}_buffered`];
  const beside = ([name, router]: [string, Router]): [string, Router][] => {
    const { rule, middlewares = [], priority = 500_000 } = router;
    const also = (matcher: string) => ({ ...router, rule: `(${rule}) && ${matcher}`, priority: priority + 1 });
    return [
      [`${name}_large`, { ...also(`HeaderRegexp(\`Content-Length\`, \`${above(bytes)}\`)`), service: "noop@internal", middlewares: [...headers, large] }],
      [`${name}_unmeasured`, { ...also("!HeaderRegexp(`Content-Length`, `.`) && (Method(`POST`) || Method(`PUT`) || Method(`PATCH`) || Method(`DELETE`))"), middlewares: [...middlewares, buffered] }],
    ];
  };
  return {
    routers: Object.fromEntries(Object.entries(routers).flatMap(beside)),
    middlewares: {
      // Nobody's address, so everybody gets this status.
      [large]: { ipAllowList: { sourceRange: ["255.255.255.255/32"], rejectStatusCode: 413 } },
      [buffered]: { buffering: { maxRequestBodyBytes: bytes } },
    },
  };
}

/** Matches the whole numbers above one, in decimal digits. */
export function above(number: number): string {
  const digits = String(number).split("");
  const larger = digits.flatMap((digit, at) => (digit === "9" ? [] : [`${digits.slice(0, at).join("")}[${Number(digit) + 1}-9][0-9]{${digits.length - at - 1}}`]));
  return `^0*(${[...larger, `[1-9][0-9]{${digits.length},}`].join("|")})$`;
}
