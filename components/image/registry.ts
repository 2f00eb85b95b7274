import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { stringify } from "yaml";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import type { ImageRegistry } from "./image.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { Volume } from "../docker/volume.ts";

export interface RegistryArgs {
  platform: Platform;
  /** Port on 127.0.0.1 of the Docker host. */
  port: number;
}

const user = 65_533;
const username = "berth";

/**
 * A container registry of the stack's own, with a login, on 127.0.0.1.
 *
 * For stacks without a remote registry, so that their pushes and pulls are as real as with one.
 *
 * @example
 * const registry = new Registry("registry", { platform, port: 5555 });
 * new Image("root-image", { registry: registry.login, … });
 */
export class Registry extends pulumi.ComponentResource {
  /** Address and login, known once the registry answers. */
  readonly login: ImageRegistry;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Registry", name, {}, opts);
    const { platform, port } = args;
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const data = new Volume(`${name}-data`, { platform, owner: user, data: true }, { parent: this });
    const files = new Files(
      `${name}-config`,
      {
        platform,
        files: {
          "config.yml": renderRegistryConfig(),
          htpasswd: pulumi.secret(pulumi.interpolate`${username}:${password.bcryptHash}\n`),
        },
      },
      { parent: this },
    );
    const network = new docker.Network(
      `${name}-network`,
      { name: `${platform.prefix}-${name}`, driver: "bridge", labels: labelsOf(platform, "network") },
      { parent: this },
    );
    const container = new docker.Container(
      name,
      {
        image: platform.image("registry"),
        entrypoints: ["registry"],
        command: ["serve", "/etc/berth/config.yml"],
        user: `${user}:${user}`,
        mounts: [data.mount("/var/lib/registry"), files.mount("/etc/berth")],
        networksAdvanced: [{ name: network.name, aliases: ["registry"] }],
        ports: [{ internal: 5000, external: port, ip: "127.0.0.1", protocol: "tcp" }],
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5001/debug/health"], { stopGrace: 10 }),
        ...hardened(sizeOf(platform, "registry")),
        ...logged(platform, name),
      },
      containerOptions(this, false),
    );
    const address = container.id.apply(() => `127.0.0.1:${port}`);
    this.login = { prefix: address, address, username, password: pulumi.secret(password.result) };
    this.registerOutputs({ address });
  }
}

/** A registry elsewhere. */
export interface RemoteRegistry {
  /** For example `ghcr.io`. */
  host: string;
  /** Account or organisation. */
  owner: string;
  username: string;
  /** Secret. */
  password: pulumi.Input<string>;
  cache?: boolean | undefined;
}

/** The registry that a stack pushes to: one elsewhere, or its own, which is made. */
export function registryOf(name: string, args: RegistryArgs | RemoteRegistry, opts?: pulumi.ComponentResourceOptions): ImageRegistry {
  if ("port" in args) return new Registry(name, args, opts).login;
  const { host, owner, ...login } = args;
  return { ...login, prefix: `${host}/${owner}`, address: host };
}

/** The registry's config.yml: files on a volume, a login, its health on a port of its own. */
export function renderRegistryConfig(): string {
  return stringify({
    version: 0.1,
    log: { level: "info", formatter: "json", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: "/var/lib/registry" }, delete: { enabled: true } },
    http: { addr: ":5000", debug: { addr: "127.0.0.1:5001" } },
    auth: { htpasswd: { realm: "berth", path: "/etc/berth/htpasswd" } },
    health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
  });
}
