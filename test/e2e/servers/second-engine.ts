import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { relay } from "./relay.ts";

/** What every stack runs that asks for nothing else. */
export const platformImages = (["toolbox", "postgres", "gateway", "redis", "traefik", "prometheus", "nodeExporter", "postgresExporter", "redisExporter"] as const).map((role) => lock[role]);

export interface SecondEngineOptions {
  /** Ports on this machine's loopback that the engine reaches under the same number, for example a registry's. */
  reaches?: number[];
  /** Ports that containers of the engine publish on its loopback, and that this machine reaches under the same number. */
  published?: number[];
  /** Images of the machine's own engine that it is given, by name. @default none */
  images?: string[];
}

/**
 * Another Docker Engine, as if on another host: in a network namespace and a folder of its own. It reaches nothing but
 * what `reaches` names. Removed with all that it runs by `await using`.
 *
 * @example
 * await using prod = await SecondEngine.create({ reaches: [5555], published: [8081], images: ["redis:8.0"] });
 * prod.host; // unix:///tmp/…/docker.sock
 */
export class SecondEngine implements AsyncDisposable {
  readonly docker: Docker;
  /** What DOCKER_HOST and berth:docker name. */
  readonly host: string;
  private readonly folder: string;
  private readonly servers: Server[] = [];
  private holder: ChildProcess | undefined;
  private daemon: ChildProcess | undefined;

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "berth-engine-"));
    const socketPath = join(this.folder, "docker.sock");
    this.docker = new Docker({ socketPath });
    this.host = `unix://${socketPath}`;
  }

  /** Why there can be none on this machine; undefined where there can. */
  static missing(): string | undefined {
    if (process.getuid?.() !== 0) return "a second Docker Engine needs root";
    try {
      execFileSync("unshare", ["--net", "ip", "link", "set", "lo", "up"], { stdio: "pipe" });
      execFileSync("dockerd", ["--version"], { stdio: "pipe" });
      return undefined;
    } catch (error) {
      return `a second Docker Engine needs network namespaces, ip and dockerd: ${(error as Error).message.split("\n")[0]}`;
    }
  }

  static async create({ reaches = [], published = [], images = [] }: SecondEngineOptions = {}): Promise<SecondEngine> {
    const engine = new SecondEngine();
    try {
      await engine.connect(reaches, published);
      await engine.start();
      if (images.length > 0) await engine.load(images);
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What a command is put behind to run as if on the engine's host, where 127.0.0.1 is the engine's own. */
  get inside(): string[] {
    return ["nsenter", `--net=/proc/${this.holder?.pid}/ns/net`];
  }

  /** Stops the engine and starts it again, as a reboot of its host would. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    const { daemon } = this;
    this.daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const gone = once(daemon, "exit");
    daemon.kill("SIGTERM");
    await gone;
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.folder, name);
    const log = openSync(at("dockerd.log"), "a");
    const paths = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "-H", this.host];
    // nsenter, not `ip netns exec`, which hides the mounts of the control groups.
    const [nsenter = "", namespace = ""] = this.inside;
    this.daemon = spawn(nsenter, [namespace, "dockerd", ...paths], { cwd: "/", stdio: ["ignore", log, log] });
    await eventually("the second engine answers", 60_000, async () => {
      if (this.daemon?.exitCode !== null) return readFileSync(at("dockerd.log"), "utf8").split("\n").slice(-5).join("\n");
      return this.docker.ping().then(() => undefined, String);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const containers = await this.docker.listContainers({ all: true }).catch(() => []);
    await Promise.all(containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })));
    await this.stop();
    for (const server of this.servers) server.close();
    this.holder?.stdin?.end();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Joins both loopbacks by Unix sockets in the folder, which both namespaces see. */
  private async connect(reaches: number[], published: number[]): Promise<void> {
    const socket = (port: number) => join(this.folder, `${port}.sock`);
    mkdirSync(this.folder, { recursive: true });
    for (const port of reaches) this.servers.push(await relay(socket(port), port));
    const ends = [...reaches.flatMap((port) => [String(port), socket(port)]), ...published.flatMap((port) => [socket(port), String(port)])];
    const program = ["ip link set lo up && exec \"$@\"", "sh", process.execPath, join(import.meta.dirname, "relay.ts"), ...ends];
    // The namespace lives as long as this process, and with it across restarts of the engine.
    this.holder = spawn("unshare", ["--net", "sh", "-c", ...program], { stdio: ["pipe", "pipe", "inherit"] });
    const [said] = (await Promise.race([once(this.holder.stdout!, "data"), once(this.holder, "exit")])) as [unknown];
    if (!(said instanceof Buffer)) throw new Error(`the relay of the second engine ended with ${String(said)}`);
    for (const port of published) this.servers.push(await relay(port, socket(port)));
  }

  private async load(images: string[]): Promise<void> {
    const loading = spawn("sh", ["-c", 'set -e; host=$1; shift; docker save "$@" | docker -H "$host" load -q', "sh", this.host, ...images], { stdio: ["ignore", "ignore", "inherit"] });
    const [code] = (await once(loading, "exit")) as [number | null];
    if (code !== 0) throw new Error(`the second engine was not given its images: docker load ended with ${code}`);
  }
}
