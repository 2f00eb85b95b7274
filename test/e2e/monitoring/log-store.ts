import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { renderCollectorConfig } from "../../../components/monitoring/log-collector-config.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { docker } from "../project.ts";

const run = promisify(execFile);

export interface StoredLine {
  /** Start of the stack's names, application if there is one, role. */
  tag: string;
  text: string;
  /** What the store has beside the text, apart from what the tag says. */
  fields: Record<string, string>;
}

/** A program that takes lines at a port of 127.0.0.1 and prints them. */
interface Kind {
  image: () => Promise<string>;
  /** Path in the container, content and arguments of its configuration. */
  config?: { path: string; content: string; command: string[] };
  port: string;
  /** What it prints once it takes lines; undefined where it takes them at once. */
  ready?: RegExp;
  read: (printed: string) => StoredLine[];
}

const kinds: Record<"rsyslog" | "collector", Kind> = {
  rsyslog: {
    image: async () => (await run("docker", ["build", "--quiet", join(import.meta.dirname, "rsyslog")])).stdout.trim(),
    port: "514/udp",
    read: (printed) => [...printed.matchAll(/^(berth-\S+) (?:daemon|local3) +(.*)$/gm)].map(([, tag = "", text = ""]) => ({ tag, text, fields: {} })),
  },
  collector: {
    image: async () => lock.logCollector,
    config: { path: "/collector.yml", content: printing(), command: ["--config=/collector.yml"] },
    port: "24224/tcp",
    ready: /Everything is ready/,
    read: (printed) => printed.split(/^(?:.*\tinfo\t)?ResourceLog #/m).slice(1).flatMap(recordsOf),
  },
};

/** The configuration of the stack's own collector, which prints in place of sending to Loki. */
function printing(): string {
  const config = parse(renderCollectorConfig({ intake: "0.0.0.0:24224", metrics: { host: "127.0.0.1", port: 8888 }, loki: "http://loki:3100" })) as {
    extensions: Record<string, object>;
    exporters: object;
    service: { extensions: string[]; telemetry: { logs: object }; pipelines: { logs: { exporters: string[] } } };
  };
  // Only the exporter to Loki keeps anything.
  delete config.extensions["file_storage"];
  config.service.extensions = ["health_check"];
  config.exporters = { debug: { verbosity: "detailed" } };
  config.service.pipelines.logs.exporters = ["debug"];
  config.service.telemetry.logs = { level: "info", encoding: "console" };
  return stringify(config);
}

/** The lines of one resource, as the collector's exporter `debug` prints them. */
function recordsOf(printed: string): StoredLine[] {
  const [resource = "", ...records] = printed.split(/^LogRecord #/m);
  const { stack, application, role } = attributesOf(resource);
  const tag = [`berth-${stack}`, application, role].filter((part) => part !== undefined).join(".");
  return records.map((record) => ({ tag, text: /^Body: Str\((.*)\)$/m.exec(record)?.[1] ?? "", fields: attributesOf(record) }));
}

function attributesOf(printed: string): Record<string, string> {
  return Object.fromEntries([...printed.matchAll(/^ +-> ([^:]+): \w+\((.*)\)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}

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
    const { image, port, config } = store.kind;
    await run("docker", ["create", "--name", store.name, "--publish", `${store.address}:${port}`, await image(), ...(config?.command ?? [])]);
    if (config !== undefined) await store.copy(config.path, config.content);
    await store.start();
    return store;
  }

  async start(): Promise<void> {
    await run("docker", ["start", this.name]);
    const since = Math.floor(Date.now() / 1000) - 1;
    const { ready } = this.kind;
    await eventually(`${this.name} takes lines`, 20_000, async () => {
      const { State } = await docker.getContainer(this.name).inspect();
      if (!State.Running) return `exit code ${State.ExitCode}: ${await this.printed(since)}`;
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

  private async copy(path: string, content: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "berth-log-store-"));
    try {
      writeFileSync(join(folder, "file"), content, { mode: 0o444 });
      await run("docker", ["cp", join(folder, "file"), `${this.name}:${path}`]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  private async printed(since = 0): Promise<string> {
    const { stdout, stderr } = await run("docker", ["logs", "--since", String(since), this.name], { maxBuffer: 256 << 20 });
    return stdout + stderr;
  }
}
