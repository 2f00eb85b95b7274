import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { below, type Naming } from "./naming.ts";
import { labelsOf, type Platform } from "./platform.ts";

export interface NetworksArgs {
  platform: Platform;
  /** Applications; each gets an internal network for itself and its data. */
  apps: string[];
  /** Whether an application may open connections to the world; without one there is no network for it. @default false */
  egress?: boolean;
  /** Subnet of the edge network in CIDR form. @default chosen by the Docker Engine */
  edgeSubnet?: string;
  /** Subnet of the monitoring network in CIDR form. @default chosen by the Docker Engine */
  monitoringSubnet?: string;
  /** Names of the networks on the Docker host, after the stack's prefix. @default `<name>-<role>` */
  named?: Naming;
}

/** A network as containers name it, and as services do. */
export interface NetworkRef {
  name: pulumi.Output<string>;
  id: pulumi.Output<string>;
}

/**
 * Of an internal network: its bridge gets no address of the Docker host, so containers reach nothing that the host serves. A
 * network takes it when it is made. One of an earlier version stays as it is, as another would restart all that is on it.
 */
const withoutHost = { "com.docker.network.bridge.inhibit_ipv4": "true" };

/** The network behind the gateways to a database. */
export interface DataNetwork {
  name: pulumi.Output<string>;
  /** An address in it that nobody has, not even the Docker host. */
  nobody: pulumi.Output<string>;
}

/** The networks of an application: that of Traefik, its own with its data, and the one to the world. */
export interface AppNetworks {
  edge: NetworkRef;
  own: NetworkRef;
  egress: NetworkRef | undefined;
}

/**
 * The networks of a stack: who can reach whom.
 *
 * `public` is Traefik's alone, which publishes ports there; `egress` joins the applications that may open connections to
 * the world. The others are internal: no way out, not to the Docker host either, no published port. `edge` joins Traefik
 * and the web applications. `data` is Postgres's, with what needs it itself. An application reaches its own data, Postgres by its
 * gateway, and no other application's. Where the platform's runtime
 * is Swarm, those that applications are on are overlays, which span its nodes and which containers of the Docker host
 * join as well.
 *
 * @example
 * const networks = new Networks("networks", { platform, apps: ["root"] });
 * networks.app("root"); // its network's name
 */
export class Networks extends pulumi.ComponentResource {
  readonly public: pulumi.Output<string>;
  readonly edge: pulumi.Output<string>;
  /** Undefined where nothing needs it. */
  readonly egress: pulumi.Output<string> | undefined;
  readonly data: DataNetwork;
  readonly monitoring: pulumi.Output<string>;
  /** The subnet that the monitoring network has, in CIDR form. */
  readonly monitoringSubnet: pulumi.Output<string>;
  private readonly outside: NetworkRef | undefined;
  private readonly edgeRef: NetworkRef;
  private readonly apps: Map<string, NetworkRef>;

  constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Networks", name, {}, opts);
    const { named = below(name) } = args;
    const network = (role: string, internal: boolean, subnet?: string, app?: string) => {
      const overlay = args.platform.runtime === "swarm" && !["public", "data", "monitoring"].includes(role);
      const apart = internal && !overlay;
      return new docker.Network(
        `${name}-${role}`,
        {
          name: `${args.platform.prefix}-${named(role)}`,
          ...(overlay ? { driver: "overlay", attachable: true } : { driver: "bridge" }),
          internal,
          ...(apart && { options: withoutHost }),
          ...(subnet === undefined ? {} : { ipamConfigs: [{ subnet }] }),
          labels: labelsOf(args.platform, "network", app),
        },
        // Two networks never have one name: another subnet is another network, and what is on it starts anew.
        { parent: this, deleteBeforeReplace: true, ...(apart && { ignoreChanges: ["options"] }) },
      );
    };
    this.public = network("public", false).name;
    this.edgeRef = refOf(network("edge", true, args.edgeSubnet));
    this.outside = args.egress === true ? refOf(network("egress", false)) : undefined;
    this.edge = this.edgeRef.name;
    this.egress = this.outside?.name;
    const data = network("data", true);
    this.data = { name: data.name, nobody: data.ipamConfigs.apply((configs) => configs?.[0]?.gateway ?? "") };
    const monitoring = network("monitoring", true, args.monitoringSubnet);
    this.monitoring = monitoring.name;
    this.monitoringSubnet = monitoring.ipamConfigs.apply((configs) => configs?.[0]?.subnet ?? "");
    this.apps = new Map(args.apps.map((app) => [app, refOf(network(`app-${app}`, true, undefined, app))]));
    this.registerOutputs({ edge: this.edge, monitoring: this.monitoring });
  }

  /** Name of an application's own network. @throws Error for a name that was not in `apps`. */
  app(name: string): pulumi.Output<string> {
    return this.own(name).name;
  }

  /** The networks of a part that these applications share, and the monitoring's. @throws Error for a name that was not in `apps`. */
  sharedBy(apps: string[]): pulumi.Output<string>[] {
    return [...apps.map((app) => this.app(app)), this.monitoring];
  }

  /** All networks of an application. @throws Error for a name that was not in `apps`. */
  of(name: string): AppNetworks {
    return { edge: this.edgeRef, own: this.own(name), egress: this.outside };
  }

  private own(name: string): NetworkRef {
    const network = this.apps.get(name);
    if (network === undefined) throw new Error(`no network for "${name}"; apps are ${[...this.apps.keys()].join(", ")}`);
    return network;
  }
}

function refOf({ name, id }: docker.Network): NetworkRef {
  return { name, id };
}
