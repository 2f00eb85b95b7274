import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { Crypter } from "../../../pulumi/secrets.ts";
import { docker } from "../project.ts";

/** One resource of the test program. Values may be `{$ref: "resource.output"}` or `{$secret: "config key"}`. */
export interface Item {
  type: string;
  name: string;
  args?: Record<string, unknown>;
  opts?: Record<string, unknown>;
  dependsOn?: string[];
}

export const REPOSITORY = resolve(import.meta.dirname, "../../..");
export const PASSPHRASE = "a passphrase for tests";
/** The image that test containers run. */
export const IMAGE = "debian:trixie-slim";

const PROGRAM = `
import * as build from "@pulumi/docker-build";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
const config = new pulumi.Config();
const items = config.requireObject("items");
const made = {};
const types = { Container: docker.Container, Network: docker.Network, Volume: docker.Volume, RemoteImage: docker.RemoteImage, Build: build.Image, Password: random.RandomPassword, String: random.RandomString, Id: random.RandomId, Provider: docker.Provider };
class Group extends pulumi.ComponentResource { constructor(name, opts) { super("test:index:Group", name, {}, opts); this.registerOutputs({}); } }
function value(raw) {
  if (Array.isArray(raw)) return raw.map(value);
  if (raw === null || typeof raw !== "object") return raw;
  if (raw.$ref) { const [name, output] = raw.$ref.split("."); return made[name][output]; }
  if (raw.$secret) return config.requireSecret(raw.$secret);
  return Object.fromEntries(Object.entries(raw).map(([key, item]) => [key, value(item)]));
}
for (const { type, name, args = {}, opts = {}, dependsOn = [] } of items) {
  const options = { ...opts, dependsOn: dependsOn.map((other) => made[other]), ...(opts.parent ? { parent: made[opts.parent] } : {}), ...(opts.provider ? { provider: made[opts.provider] } : {}) };
  made[name] = type === "Group" ? new Group(name, options) : new types[type](name, value(args), options);
}
export const names = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.name ?? null]));
export const exits = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.exitCode ?? null]));
export const logs = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.containerLogs ?? null]));
`;

/** A stack of its own in a temporary folder. Everything of it has `prefix` in its name and goes away with `dispose`. */
export class TestStack implements AsyncDisposable {
  readonly prefix = `engt-${randomBytes(3).toString("hex")}`;
  readonly folder = mkdtempSync(join(tmpdir(), "engt-"));
  readonly stateFile = join(this.folder, ".berth/embedded/dev.json");
  #secrets: Record<string, string> = {};
  #salt: string | undefined;

  constructor() {
    writeFileSync(join(this.folder, "Pulumi.yaml"), `name: ${this.prefix}\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.ts\n`);
    writeFileSync(join(this.folder, "package.json"), '{"name":"engt","version":"0.0.0","type":"module"}');
    writeFileSync(join(this.folder, "index.ts"), PROGRAM);
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Encrypts configuration values; call before `write`. */
  async setSecrets(values: Record<string, string>): Promise<void> {
    const crypter = await Crypter.create(PASSPHRASE);
    this.#secrets = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, crypter.encrypt(text)]));
    this.#salt = crypter.salt;
  }

  /** One more output of the program: an expression, in which `config` is the configuration. */
  export(name: string, expression: string): void {
    appendFileSync(join(this.folder, "index.ts"), `export const ${name} = ${expression};\n`);
  }

  write(items: Item[]): void {
    const secure = Object.entries(this.#secrets).map(([key, text]) => [`${this.prefix}:${key}`, { secure: text }]);
    const path = join(this.folder, "Pulumi.dev.yaml");
    const salt = this.#salt ?? (existsSync(path) ? /^encryptionsalt: (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined);
    writeFileSync(path, stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), config: { [`${this.prefix}:items`]: items, ...Object.fromEntries(secure) } }));
  }

  /** The containers of this stack that exist, running or not. */
  containers(): { name: string; id: string; state: string }[] {
    const text = execFileSync("docker", ["ps", "-a", "--no-trunc", "--filter", `name=${this.prefix}`, "--format", "{{.Names}} {{.ID}} {{.State}}"], { encoding: "utf8" });
    return text.split("\n").filter(Boolean).sort().map((line) => {
      const [name = "", id = "", state = ""] = line.split(" ");
      return { name, id, state };
    });
  }

  inspect(name: string): string {
    return execFileSync("docker", ["inspect", name], { encoding: "utf8" });
  }

  /** Where the CLI keeps things for this stack, and the Node that it runs the program with. */
  pulumiEnvironment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(this.folder, ".berth/state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_HOME: join(this.folder, ".berth/home"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
    };
  }

  /** Removes all of it; containers are ended at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    const filters = { name: [this.prefix] };
    const containers = await docker.listContainers({ all: true, filters });
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    const images = await docker.listImages({ filters: { reference: [`*/${this.prefix}/*`] } });
    const [networks, { Volumes }] = await Promise.all([docker.listNetworks({ filters }), docker.listVolumes({ filters })]);
    await Promise.all([
      ...networks.map(({ Id }) => docker.getNetwork(Id).remove()),
      ...Volumes.map(({ Name }) => docker.getVolume(Name).remove()),
      ...[...new Set(images.map(({ Id }) => Id))].map((id) => docker.getImage(id).remove({ force: true })),
    ]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A range for a network of a test that no network of the engine overlaps. */
export async function freeSubnet(): Promise<{ subnet: string; gateway: string }> {
  const networks = await docker.listNetworks();
  const taken = networks.flatMap(({ IPAM }) => IPAM?.Config ?? []).map(({ Subnet = "" }) => Subnet);
  for (;;) {
    const start = `10.${randomInt(200, 250)}.${randomInt(256)}`;
    // Docker's own pools are far away, and wider ones begin with the same number.
    if (taken.every((subnet) => !subnet.startsWith(start.slice(0, start.lastIndexOf(".") + 1)))) return { subnet: `${start}.0/24`, gateway: `${start}.1` };
  }
}
