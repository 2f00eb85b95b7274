import * as pulumi from "@pulumi/pulumi";
import { Job } from "../docker/job.ts";
import type { Platform } from "../docker/platform.ts";
import type { Traefik } from "./traefik.ts";
import { renderNames, renderRoute, renderShared, type Route, type RouteFile, routesDirectory, serverChecks } from "./traefik-config.ts";

/** A route whose servers are known once they are healthy. */
export interface RouteArgs extends Omit<Route, "servers"> {
  servers: pulumi.Input<pulumi.Input<string>[]>;
}

export interface RoutesArgs {
  platform: Platform;
  traefik: Traefik;
  /** All routes of the stack. */
  routes: RouteArgs[];
  /** Subnet in CIDR form from which Traefik's API and metrics may be read. */
  monitoringSubnet: pulumi.Input<string>;
}

/** What one job writes, and the servers that Traefik must have up before it ends. */
interface Written {
  file: string;
  content: pulumi.Input<RouteFile>;
  servers?: pulumi.Input<string[]>;
}

/**
 * The cut-over, a route at a time: a job writes the route's file and ends when Traefik sends requests to the new
 * servers. No route waits for another's servers, so each is there as soon as its own are healthy.
 *
 * Pulumi deletes the old containers after all that was created, so they serve until each job has
 * seen the new ones up in Traefik's API; a job that fails leaves them there.
 *
 * @example
 * new Routes("routes", { platform, traefik, routes: root.routes, monitoringSubnet });
 */
export class Routes extends pulumi.ComponentResource {
  readonly #args: RoutesArgs;

  constructor(name: string, args: RoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Routes", name, {}, opts);
    this.#args = args;
    const { routes, traefik, monitoringSubnet } = args;
    const shared = this.#write(`${name}-shared`, { file: "shared", content: pulumi.output(monitoringSubnet).apply((subnet) => renderShared(subnet, traefik.secure)) }, traefik.container);
    const each = routes.map((args) => {
      const route = pulumi.output(args.servers).apply((servers): Route => ({ ...args, servers }));
      const content = route.apply((route) => renderRoute(route, traefik.secure));
      return this.#write(fileOf(args.name), { file: fileOf(args.name), content, servers: route.apply(serverChecks) }, shared);
    });
    // Last, and before anything is deleted: the files of routes that have left the stack go, so none leads to a server that goes.
    const names = routes.map((route) => route.name).toSorted();
    const kept = ["shared", "routes", ...names.map(fileOf)].map((file) => `${file}.yml`);
    this.#write(`${name}-write`, { file: "routes", content: renderNames(names) }, each.length === 0 ? shared : each, kept);
    this.registerOutputs({});
  }

  /** @param kept Names of the files that may be there; others are removed. @default all */
  #write(name: string, { file, content, servers = [] }: Written, dependsOn: pulumi.ResourceOptions["dependsOn"], kept: readonly string[] = ["*"]): pulumi.Output<pulumi.Resource> {
    const { platform, traefik } = this.#args;
    const command = pulumi.all([content, servers]).apply(([{ text, revision }, checks]) => [script(traefik.host), "routes", `${file}.yml`, text, revision, kept.join(" "), ...checks]);
    const settings = {
      platform,
      image: platform.image("traefik"),
      entrypoint: ["/bin/sh", "-ec"],
      command,
      user: "65532:65532",
      mounts: [traefik.routes.mount(routesDirectory)],
      networks: [{ name: traefik.monitoringNetwork }],
    };
    return new Job(name, settings, { parent: this, ...(dependsOn !== undefined && { dependsOn }) }).done;
  }
}

/** An earlier version had all routes in routes.yml. Of two routes of one name Traefik takes that of the first file by name. */
function fileOf(route: string): string {
  return `route-${route}`;
}

/**
 * Writes beside the file and renames it, because Traefik must never read half of one: written in
 * place, one request in ten was answered 404. Then asks the API for the revision and for each server.
 */
const script = (host: string) => `
cd ${routesDirectory}
api=http://${host}:8080/api/http
await() { # await <what> <path> <text>
  tries=0
  until wget -q -T 2 -O - "$api/$2" 2>/dev/null | grep -qF "$3"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 150 ]; then echo "Traefik does not show $1 after 30 s; see its log"; exit 1; fi
    sleep 0.2
  done
  echo "$1 is live"
}
file=$1 text=$2 revision=$3 kept=$4
shift 4
if [ "$kept" != "*" ]; then
  for found in *.yml; do
    case " $kept " in *" $found "*) ;; *) rm -f "$found" ;; esac
  done
fi
printf '%s' "$text" > "$file.new"
mv "$file.new" "$file"
await "$revision" "middlewares/$revision@file" '"enabled"'
for check in "$@"; do
  service=\${check%%=*} server=\${check#*=}
  await "$server" "services/$service" "\\"$server\\":\\"UP\\""
done
`;
