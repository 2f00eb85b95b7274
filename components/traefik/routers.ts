import { bodyLimit, type Router } from "./body-limit.ts";
import { chainOf } from "./middlewares.ts";
import type { HostPath, RouteOptions } from "./route-options.ts";
import { secureRouter } from "./tls.ts";

/** What of a route its routers are made of. */
interface Routed extends RouteOptions {
  name: string;
  host: string;
  servers: readonly string[];
}

/** The routers of a route, and the middlewares that they use. */
export function routersOf(route: Routed, service: (port?: string) => string, secure: boolean): { routers: Record<string, Router>; middlewares: Record<string, object> } {
  const { name, host, hosts = [], redirects = [], paths = [], ports = {} } = route;
  const { names, headers, closed, written } = chainOf(route, name, secure);
  const stripOf = (index: number) => (paths[index]?.strip === true ? [`${name}_strip_${index}`] : []);
  const served: Record<string, Router> = {
    [name]: router([host, ...hosts], { service: service(), middlewares: names }, secure),
    ...Object.fromEntries(paths.map((path, index) => [`${name}_path_${index}`, below(path, { service: service(), middlewares: [...names, ...stripOf(index)] }, secure)])),
    ...Object.fromEntries(Object.entries(ports).map(([port, { host }]) => [`${name}_port_${port}`, router([host], { service: service(port), middlewares: names }, secure)])),
  };
  const strips = Object.fromEntries(paths.flatMap(({ path }, index) => stripOf(index).map((strip) => [strip, { stripPrefix: { prefixes: [path] } }])));
  const limit = route.bodyLimit === undefined ? undefined : bodyLimit(served, name, { mebibytes: route.bodyLimit, headers: [...headers, ...closed] });
  const away = `${name}_redirect`;
  const redirect = redirects.length > 0 && {
    routers: { [away]: router(redirects, { service: "noop@internal", middlewares: [...headers, away] }, secure) },
    middlewares: { [away]: redirectTo(host) },
  };
  return {
    routers: { ...served, ...limit?.routers, ...(redirect && redirect.routers) },
    middlewares: { ...written, ...strips, ...limit?.middlewares, ...(redirect && redirect.middlewares) },
  };
}

interface Target {
  service: string;
  middlewares: string[];
}

function router(hosts: readonly string[], { service, middlewares }: Target, secure: boolean): Router {
  const { entryPoints, tls } = secure ? secureRouter(hosts) : { entryPoints: ["web"], tls: undefined };
  return { rule: anyOf("Host", hosts), service, entryPoints, ...(middlewares.length > 0 && { middlewares }), ...(tls && { tls }) };
}

/** Before each router of the host alone, however long the list of its names is: by itself the longest rule comes first. */
function below({ host, path }: HostPath, target: Target, secure: boolean): Router {
  const { rule, ...rest } = router([host], target, secure);
  return { rule: `${rule} && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`, priority: 1_000_000 + path.length, ...rest };
}

function anyOf(matcher: string, values: readonly string[]): string {
  return values.map((value) => `${matcher}(\`${value}\`)`).join(" || ");
}

/** Scheme and port stay those that the browser used, which may be a load balancer's and none that Traefik knows. */
function redirectTo(host: string) {
  return { redirectRegex: { regex: "^https?://[^/:]+(:[0-9]+)?(.*)$", replacement: `//${host}\${1}\${2}`, permanent: true } };
}
