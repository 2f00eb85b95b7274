import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { Project } from "../../../cli/project.ts";
import { findCli } from "../../../cli/setup/pulumi.ts";
import type { StepEvent } from "../../../engine/index.ts";
import type { RecordedStack } from "./recorded-stack.ts";

/** What is read of `pulumi preview --json`; most of what stays the same has no step of its own there. */
export interface CliPreview {
  steps: { op: StepEvent["op"]; urn: string; diffReasons?: string[] }[];
  changeSummary: { same: number };
}

const cli = await findCli(new Project(join(import.meta.dirname, "../../..")), process.env);
/** Why the Pulumi CLI can't be run here; false where it can. */
export const noCli = "reason" in cli && cli.reason;

/** The Pulumi CLI with the state of a recorded stack, and with a backend and plugins of its own. */
export class RecordedCli implements AsyncDisposable {
  /** What the Docker host was asked for: the provider wants one that answers, and asks it nothing in a preview. */
  readonly asked = new Set<string>();
  readonly #stack: RecordedStack;
  readonly #host: Server;

  private constructor(stack: RecordedStack) {
    this.#stack = stack;
    this.#host = createServer(({ url = "" }, response) => {
      this.asked.add(url);
      response.writeHead(url === "/_ping" ? 200 : 404).end();
    }).listen(stack.socket);
  }

  static async of(stack: RecordedStack): Promise<RecordedCli> {
    const made = new RecordedCli(stack);
    await made.run("stack", "init", "--no-select");
    await made.run("stack", "import", "--file", stack.stateFile);
    return made;
  }

  /** What it printed. @throws Error with what it said where it failed */
  async run(...args: string[]): Promise<string> {
    if (!("command" in cli)) throw new Error(cli.reason);
    const { name, folder, passphrase } = this.#stack;
    const [backend, home] = [join(folder, "backend"), join(folder, "home")];
    mkdirSync(backend, { recursive: true });
    const environment = {
      ...process.env,
      // The Node that runs this test.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE: passphrase,
      PULUMI_HOME: home,
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const run = promisify(execFile)(cli.command, [...args, "--stack", name, "--non-interactive"], { cwd: folder, env: environment, maxBuffer: 2 ** 26 });
    // With --json it tells its problems there.
    return (await run.catch(({ stdout, stderr }: { stdout: string; stderr: string }) => Promise.reject(new Error(`pulumi ${args.join(" ")} failed:\n${stdout}${stderr}`)))).stdout;
  }

  async preview(...more: string[]): Promise<CliPreview> {
    return JSON.parse(await this.run("preview", "--json", ...more)) as CliPreview;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#host.close(resolve));
  }
}
