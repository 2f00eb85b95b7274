import * as pulumi from "@pulumi/pulumi";
import { Job } from "./job.ts";
import type { Platform } from "./platform.ts";
import type { Traefik } from "./traefik.ts";
import { renderRoutes, revisionOf, type Route, routesDirectory, serverChecks } from "./traefik-config.ts";

export interface RoutesArgs {
  platform: Platform;
  traefik: Traefik;
  /** All routes of the stack; their servers are healthy by the time they are known. */
  routes: pulumi.Input<Route>[];
  /** Subnet in CIDR form from which Traefik's API and metrics may be read. */
  monitoringSubnet: pulumi.Input<string>;
}

/**
 * The cut-over: writes Traefik's routes and ends when Traefik sends requests to the new servers.
 *
 * Pulumi deletes the old containers after all that was created, so they serve until this job has
 * seen the new ones up in Traefik's API; a job that fails leaves them there.
 *
 * @example
 * new Routes("routes", { platform, traefik, routes: apps.map((app) => app.route), monitoringSubnet });
 */
export class Routes extends pulumi.ComponentResource {
  constructor(name: string, args: RoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Routes", name, {}, opts);
    const { platform, traefik } = args;
    const command = pulumi
      .all([pulumi.output(args.routes), args.monitoringSubnet])
      .apply(([routes, subnet]) => [
        script,
        "routes",
        renderRoutes(routes, subnet, traefik.secure),
        revisionOf(routes, subnet, traefik.secure),
        ...serverChecks(routes),
      ]);
    new Job(
      `${name}-write`,
      {
        platform,
        image: platform.images.traefik,
        entrypoint: ["/bin/sh", "-ec"],
        command,
        user: "65532:65532",
        mounts: [traefik.routes.mount(routesDirectory)],
        networks: [{ name: traefik.monitoringNetwork }],
      },
      { parent: this, dependsOn: traefik.container },
    );
    this.registerOutputs({});
  }
}

/**
 * Writes beside the file and renames it, because Traefik must never read half of one: written in
 * place, one request in ten was answered 404. Then asks the API for the revision and for each server.
 */
const script = `
file=${routesDirectory}/routes.yml api=http://traefik:8080/api/http
printf '%s' "$1" > "$file.new"
mv "$file.new" "$file"
await() { # await <what> <path> <text>
  tries=0
  until wget -q -T 2 -O - "$api/$2" 2>/dev/null | grep -qF "$3"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 150 ]; then echo "Traefik does not show $1 after 30 s; see its log"; exit 1; fi
    sleep 0.2
  done
  echo "$1 is live"
}
await "$2" "middlewares/$2@file" '"enabled"'
shift 2
for check in "$@"; do
  service=\${check%%=*} server=\${check#*=}
  await "$server" "services/$service" "\\"$server\\":\\"UP\\""
done
`;
