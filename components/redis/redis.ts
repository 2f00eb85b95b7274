import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { loadingTime, type RedisPolicy, renderRedisAcl, renderRedisConf } from "./redis-config.ts";
import { Volume } from "../docker/volume.ts";

export interface RedisArgs {
  platform: Platform;
  /** Networks by name whose containers may connect, at the host name `redis`. */
  networks: pulumi.Input<string>[];
  /** Applications; each gets a user that may touch keys `<app>:*` only. */
  users: string[];
  /** Those of them that may touch the keys of all. @default none */
  allKeys?: string[];
  /** Memory in MiB; three quarters of it hold data. */
  memory: number;
  /** What happens when it is full. @default "noeviction" */
  policy?: RedisPolicy;
}

const user = 999;

/**
 * A Redis server with an append-only file on a volume and a user for each application.
 *
 * @example
 * const redis = new Redis("redis", { platform, networks: [networks.app("shop")], users: ["shop"], memory: 128 });
 * redis.url("shop"); // redis://shop:…@redis:6379/0, a secret
 */
export class Redis extends pulumi.ComponentResource {
  /** Host name on its networks. */
  readonly host: string;
  readonly port = 6379;
  readonly containerName: pulumi.Output<string>;
  /** The server's container, known once it has read its data and answers: who uses it waits for that. */
  readonly started: pulumi.Output<docker.Container>;
  /** Name of the volume with its data, known once that is there. */
  readonly data: pulumi.Output<string>;
  /** Secret password of the user `exporter`. */
  readonly exporterPassword: pulumi.Output<string>;
  private readonly passwords: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Redis", name, {}, opts);
    const { platform } = args;
    this.host = name;
    const password = (of: string) =>
      pulumi.secret(
        new random.RandomPassword(`${name}-${of}-password`, { length: 32, special: false }, { parent: this }).result,
      );
    this.passwords = Object.fromEntries(args.users.map((app) => [app, password(app)]));
    this.exporterPassword = password("exporter");
    const dataVolume = new Volume(`${name}-data`, { platform, owner: user, data: true }, { parent: this });
    this.data = dataVolume.volumeName;
    const conf = renderRedisConf(args.memory, args.policy ?? "noeviction");
    const config = new Files(`${name}-config`, { platform, files: { "redis.conf": conf } }, { parent: this });
    const adminPassword = password("admin");
    const acl = pulumi
      .all([this.passwords, this.exporterPassword, adminPassword])
      .apply(([passwords, exporter, admin]) => renderRedisAcl(passwords, exporter, admin, args.allKeys));
    const users = new Files(
      `${name}-users`,
      { platform, files: { "users.acl": pulumi.secret(acl), "admin-password": adminPassword } },
      { parent: this },
    );
    const container = new docker.Container(
      name,
      {
        image: platform.image("redis"),
        entrypoints: ["redis-server"],
        command: ["/etc/berth/redis.conf"],
        user: `${user}:${user}`,
        mounts: [dataVolume.mount("/data"), config.mount("/etc/berth"), users.mount("/run/secrets")],
        networksAdvanced: args.networks.map((network) => ({ name: network, aliases: [this.host] })),
        labels: labelsOf(platform, name),
        ...healthGated(["CMD-SHELL", "redis-cli ping | grep -q PONG"], { healthWait: loadingTime(args.memory) }),
        ...hardened({ memory: args.memory, processes: 2048 }),
        ...logged(platform, name),
      },
      containerOptions(this, false),
    );
    this.containerName = container.name;
    this.started = container.name.apply(() => container);
    this.registerOutputs({ containerName: this.containerName });
  }

  /** A command on the Docker host that opens redis-cli as the user `admin`. */
  session(): pulumi.Output<string> {
    return pulumi.interpolate`docker exec -it ${this.containerName} sh -c 'REDISCLI_AUTH=$(cat /run/secrets/admin-password) redis-cli --user admin'`;
  }

  /** Secret connection URL of an application. @throws Error for one that is not in `users`. */
  url(app: string): pulumi.Output<string> {
    return pulumi.interpolate`redis://${app}:${this.password(app)}@${this.host}:${this.port}/0`;
  }

  /** Secret password of an application. @throws Error for one that is not in `users`. */
  password(app: string): pulumi.Output<string> {
    const password = this.passwords[app];
    if (password === undefined) throw new Error(`no Redis user "${app}"; users are ${Object.keys(this.passwords).join(", ")}`);
    return password;
  }
}
