import { dockerHost } from "../../docker/client.ts";
import { exitCodes, OpsError } from "../exit.ts";
import type { Project } from "../project.ts";
import { keepingStackFile, stackFileFor } from "../stack-file/stack-file.ts";
import { DeadLock } from "./dead-lock.ts";
import type { Outcome, RunOptions } from "./deployer.ts";
import type { Holder } from "./lock-holders.ts";
import { parallelOn } from "./parallel.ts";
import { programVariables } from "./program-variables.ts";
import { noStack, type PulumiCli } from "./pulumi-cli.ts";
import { EventReader } from "./pulumi-events.ts";

export interface OperationOptions {
  project: Project;
  stack: string;
  environment: NodeJS.ProcessEnv;
  onNote: (text: string) => void;
}

/** Operations of the Pulumi CLI, read through its stream of JSON events. A stack that is missing is made, a lock that is dead lifted. */
export class PulumiOperations {
  readonly #pulumi: PulumiCli;
  readonly #options: OperationOptions;
  readonly #deadLock: DeadLock;

  constructor(pulumi: PulumiCli, options: ConstructorParameters<typeof DeadLock>[1] & OperationOptions) {
    this.#pulumi = pulumi;
    this.#options = options;
    this.#deadLock = new DeadLock(pulumi, options);
  }

  /** @throws OpsError with what the CLI said; 130 where `signal` was aborted */
  async apply(command: string[], options: RunOptions, past: Holder[] = []): Promise<Outcome> {
    const reader = new EventReader(options.onEvent, command[0] === "preview" || command[0] === "refresh");
    const file = stackFileFor(this.#options.project, this.#options.stack);
    const { signal } = options;
    const { project, stack, environment } = this.#options;
    const bound = parallelOn(dockerHost(project.settings(stack).docker, environment));
    const { code, error } = await this.#pulumi.run([...command, ...bound, "--json", "--config-file", file], { signal, onLine: (line) => reader.read(line), variables: programVariables(options) });
    // Before the code: a `pulumi destroy --exclude-protected` that was interrupted ends with 0.
    if (signal?.aborted === true) {
      throw new OpsError("interrupted; what was begun is recorded, and the next run goes on from there", exitCodes.interrupted);
    }
    if (code === 0) return reader.outcome();
    if (noStack.test(error)) {
      await this.create();
      return this.apply(command, options, past);
    }
    const dead = await this.#deadLock.holders(error, past);
    if (dead !== undefined) return this.#deadLock.pass(dead, past, () => this.apply(command, options, dead));
    throw this.#pulumi.failure(command[0] ?? "", [...reader.errors, ...(reader.errors.length === 0 ? [error] : [])].join("\n"));
  }

  /** Makes the stack, and leaves its file as it is. */
  create(): Promise<void> {
    const { project, stack } = this.#options;
    return keepingStackFile(project, stack, () => this.#pulumi.must(["stack", "init", "--no-select"]));
  }
}
