import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually.ts";
import { docker } from "./project.ts";

const run = promisify(execFile);

export interface StoredLine {
  tag: string;
  text: string;
}

/** A program that takes lines at a port of 127.0.0.1 and prints them, built from a folder beside this file. */
interface Kind {
  folder: string;
  port: string;
  /** What it prints once it takes lines; undefined where it takes them at once. */
  ready?: RegExp;
  read: (printed: string) => StoredLine[];
}

const kinds: Record<"rsyslog" | "collector", Kind> = {
  rsyslog: {
    folder: "rsyslog",
    port: "514/udp",
    read: (printed) => [...printed.matchAll(/^(berth-\S+) (?:daemon|local3) +(.*)$/gm)].map(([, tag = "", text = ""]) => ({ tag, text })),
  },
  collector: {
    folder: "collector",
    port: "24224/tcp",
    ready: /Everything is ready/,
    read: (printed) =>
      printed.split(/^LogRecord #/m).slice(1).map((record) => ({
        tag: /fluent\.tag: Str\((.*)\)/.exec(record)?.[1] ?? "",
        text: /^Body: Str\((.*)\)$/m.exec(record)?.[1] ?? "",
      })),
  },
};

/** A log store on this machine that can be stopped and started again; it keeps its address and what it has taken. */
export class LogStore implements AsyncDisposable {
  readonly address: string;
  private readonly kind: Kind;
  private readonly name: string;

  private constructor(kind: Kind, name: string, port: number) {
    this.kind = kind;
    this.name = name;
    this.address = `127.0.0.1:${port}`;
  }

  static async create(kind: keyof typeof kinds, stack: string): Promise<LogStore> {
    // Below the ports that the kernel gives to clients: while it is stopped, none of them must take it.
    const store = new LogStore(kinds[kind], `${stack}-${kind}`, randomInt(20_000, 30_000));
    await store[Symbol.asyncDispose]();
    const { stdout } = await run("docker", ["build", "--quiet", join(import.meta.dirname, store.kind.folder)]);
    await run("docker", ["create", "--name", store.name, "--publish", `${store.address}:${store.kind.port}`, stdout.trim()]);
    await store.start();
    return store;
  }

  async start(): Promise<void> {
    await run("docker", ["start", this.name]);
    const since = Math.floor(Date.now() / 1000) - 1;
    const { ready } = this.kind;
    await eventually(`${this.name} takes lines`, 20_000, async () => {
      const { State } = await docker.getContainer(this.name).inspect();
      if (!State.Running) return `exit code ${State.ExitCode}`;
      return ready === undefined || ready.test(await this.printed(since)) ? undefined : "not ready";
    });
  }

  async stop(): Promise<void> {
    await run("docker", ["stop", "--time", "2", this.name]);
  }

  /** What it has taken since it was made, in this order. */
  async lines(): Promise<StoredLine[]> {
    return this.kind.read(await this.printed());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("docker", ["rm", "--force", "--volumes", this.name]);
  }

  private async printed(since = 0): Promise<string> {
    const { stdout, stderr } = await run("docker", ["logs", "--since", String(since), this.name], { maxBuffer: 256 << 20 });
    return stdout + stderr;
  }
}
