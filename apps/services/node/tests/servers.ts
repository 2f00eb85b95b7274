import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A Postgres of its own, in a temporary directory. */
export class Postgres {
  readonly url = "postgres://postgres@127.0.0.1:55432/postgres";
  private readonly bin = "/usr/lib/postgresql/17/bin";
  private readonly data = join(mkdtempSync(join(tmpdir(), "postgres-")), "data");

  async create(): Promise<void> {
    await run(`${this.bin}/initdb`, ["-D", this.data, "-U", "postgres", "-A", "trust", "--no-sync"]);
    await this.start();
  }

  async start(): Promise<void> {
    // pg_ctl's own output would keep a pipe open as long as the server runs.
    const options = "-p 55432 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off";
    const control = spawn(`${this.bin}/pg_ctl`, ["-D", this.data, "-w", "-o", options, "start"], { stdio: "ignore" });
    await once(control, "exit");
    await listening(55_432);
  }

  async stop(): Promise<void> {
    await run(`${this.bin}/pg_ctl`, ["-D", this.data, "-w", "-m", "immediate", "stop"]);
  }
}

/** A Redis of its own, with the user and the rights that a stack gives. */
export class Redis {
  readonly url = "redis://service-node:secret@127.0.0.1:56379";
  private process: ChildProcess | undefined;

  async start(): Promise<void> {
    const rights = [
      "service-node on >secret resetkeys ~service-node:* resetchannels",
      "-@all +@read +@write +@transaction +@scripting +@pubsub +@connection -@admin -@dangerous -scan -randomkey -dbsize",
      "-pubsub|channels -pubsub|shardchannels -pubsub|numpat -client|tracking -function -script +script|load +script|exists",
      "+info +time +acl|whoami",
    ].join(" ");
    this.process = spawn("redis-server", ["-"], { stdio: ["pipe", "ignore", "inherit"] });
    this.process.stdin?.end(`port 56379\nbind 127.0.0.1\nsave ""\nuser default off\nuser ${rights}\n`);
    await listening(56_379);
  }

  /** SIGSTOP: it keeps its connections and answers nothing; SIGCONT is the end of that. */
  signal(name: NodeJS.Signals): void {
    this.process?.kill(name);
  }

  async stop(): Promise<void> {
    if (this.process?.exitCode !== null) return;
    this.process.kill("SIGKILL");
    await once(this.process, "exit");
  }
}

/** The service as a process, as the image runs it. */
export class Service {
  readonly url: string;
  readonly metricsUrl: string;
  output = "";
  private readonly process: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(environment: Record<string, string>, port = 53_000) {
    this.url = `http://127.0.0.1:${port}`;
    this.metricsUrl = `http://127.0.0.1:${port + 1}/metrics`;
    this.process = spawn(process.execPath, ["src/main.ts", "serve"], {
      env: { PATH: process.env["PATH"], PORT: `${port}`, METRICS_PORT: `${port + 1}`, ...environment },
    });
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.on("data", (chunk) => (this.output += String(chunk)));
    this.ended = once(this.process, "close");
  }

  async started(): Promise<this> {
    await eventually("the service starts", async () => this.output.includes('"started"'));
    return this;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  /** Exit code, once it has ended. */
  async exit(): Promise<number | null> {
    await this.ended;
    return this.process.exitCode;
  }
}

/** Exit code and output of one command of the service. */
export async function command(words: string[], environment: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, words, { env: { PATH: process.env["PATH"], ...environment } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

export async function eventually(what: string, check: () => Promise<boolean>, seconds = 15): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await check()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
  }
}

async function listening(port: number): Promise<void> {
  await eventually(`port ${port} answers`, async () => {
    const socket = connect(port, "127.0.0.1");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    return await promise.finally(() => socket.destroy());
  });
}
