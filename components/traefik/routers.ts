import { chainOf } from "./middlewares.ts";
import type { HostPath, RouteOptions } from "./route-options.ts";
import { secureRouter } from "./tls.ts";

/** The route, and the service that answers each of its ports: the main one's is under "". */
interface Routed extends RouteOptions {
  name: string;
  host: string;
}

/** The routers of a route, and the middlewares that they use. */
export function routersOf(route: Routed, service: (port?: string) => string, secure: boolean) {
  const { name, host, hosts = [], redirects = [], paths = [], ports = {} } = route;
  const { names, written } = chainOf(route, name, secure);
  const strips = Object.fromEntries(paths.flatMap(({ path, strip }, index) => (strip === true ? [[`${name}_strip_${index}`, { stripPrefix: { prefixes: [path] } }]] : [])));
  const away = `${name}_redirect`;
  return {
    routers: {
      [name]: router([host, ...hosts], { service: service(), middlewares: names }, secure),
      ...(redirects.length > 0 && { [away]: router(redirects, { service: "noop@internal", middlewares: [...(secure ? ["security"] : []), away] }, secure) }),
      ...Object.fromEntries(paths.map((path, index) => [`${name}_path_${index}`, below(path, { service: service(), middlewares: [...names, ...Object.keys(strips).filter((strip) => strip === `${name}_strip_${index}`)] }, secure)])),
      ...Object.fromEntries(Object.entries(ports).map(([port, { host }]) => [`${name}_port_${port}`, router([host], { service: service(port), middlewares: names }, secure)])),
    },
    middlewares: { ...written, ...strips, ...(redirects.length > 0 && { [away]: redirectTo(host) }) },
  };
}

interface Target {
  service: string;
  middlewares: string[];
}

function router(hosts: readonly string[], { service, middlewares }: Target, secure: boolean) {
  const { entryPoints, tls } = secure ? secureRouter(hosts) : { entryPoints: ["web"] };
  return { rule: anyOf("Host", hosts), service, entryPoints, ...(middlewares.length > 0 && { middlewares }), ...(tls && { tls }) };
}

/** Before each router of the host alone, however long the list of its names is: by itself the longest rule comes first. */
function below({ host, path }: HostPath, target: Target, secure: boolean) {
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
