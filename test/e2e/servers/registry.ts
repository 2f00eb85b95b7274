import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import images from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { docker, freePort } from "../project.ts";

/** A registry on 127.0.0.1 that belongs to no stack, with a login where one is given. Removed by `await using`. */
export class Registry implements AsyncDisposable {
  readonly port: number;
  private readonly name: string;

  private constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
  }

  /** `127.0.0.1:<port>`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async create(name: string, login?: { username: string; password: string }): Promise<Registry> {
    const registry = new Registry(name, await freePort());
    // A run that was killed must not stand in the way of this one.
    await registry[Symbol.asyncDispose]();
    const config = {
      version: "0.1",
      storage: { filesystem: { rootdirectory: "/tmp/registry" } },
      http: { addr: ":5000" },
      ...(login !== undefined && { auth: { htpasswd: { realm: name, path: "/tmp/htpasswd" } } }),
    };
    const htpasswd = login === undefined ? "" : `${login.username}:${hashSync(login.password, 4)}`;
    const container = await docker.createContainer({
      name,
      Image: images.registry,
      Entrypoint: ["sh", "-c", 'printf "%s\\n" "$HTPASSWD" > /tmp/htpasswd && printf %s "$CONFIG" > /tmp/config.yml && exec registry serve /tmp/config.yml'],
      Env: [`HTPASSWD=${htpasswd}`, `CONFIG=${JSON.stringify(config)}`],
      ExposedPorts: { "5000/tcp": {} },
      HostConfig: { PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(registry.port) }] } },
    });
    await container.start();
    const expected = login === undefined ? 200 : 401;
    await eventually(`the registry answers ${expected}`, 20_000, () => fetch(`http://${registry.host}/v2/`).then(({ status }) => (status === expected ? undefined : String(status)), String));
    return registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker.getContainer(this.name).remove({ force: true, v: true }).catch((error: { statusCode?: number }) => assert.equal(error.statusCode, 404));
  }
}
