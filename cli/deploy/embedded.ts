import { existsSync, readFileSync } from "node:fs";
import type { EngineOptions, StepEvent, Summary } from "../../engine/index.ts";
import { type Deployer, type DestroyOptions, type FailedUpdate, type Outcome, realChanges, type RefreshOptions, type RunOptions } from "./deployer.ts";
import { type Login, loginOf } from "./registry-login.ts";
import { generatedIn } from "./generated-secrets.ts";
import { type Deployment, type Outputs, outputsOf, type StateResource } from "./stack-state.ts";
import { exitCodes, messageOf, OpsError } from "../exit.ts";
import { withRecords } from "./bring-back.ts";
import { buildAhead } from "./build-ahead.ts";
import type { Asked } from "./recorded-program.ts";
import { layersFrom } from "../images/layers-from.ts";
import { PolicyGate } from "../policy/check.ts";
import type { Project } from "../project.ts";
import { FailureHistory } from "../releases/failure-history.ts";
import { programVariables } from "./program-variables.ts";
import { Lock } from "../../pulumi/lock.ts";
import { types } from "../../pulumi/resource-types.ts";
import { writeState } from "../../pulumi/write-state.ts";
import { saltedStackFile } from "../stack-file/stack-file.ts";

export interface EmbeddedOptions {
  project: Project;
  stack: string;
  passphrase: string;
}

/** Applies a stack by the embedded engine, for machines without the Pulumi CLI. */
export class EmbeddedDeployer implements Deployer {
  readonly engine = "embedded";
  readonly description: string;
  readonly #options: EmbeddedOptions;
  readonly #policy: PolicyGate;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#policy = new PolicyGate(options.project, options.stack);
    this.description = `embedded engine, state in .berth/embedded/${options.stack}.json`;
  }

  checkPolicy(options: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked> {
    return this.asked(options);
  }

  async asked(options: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked> {
    return await this.#policy.enforce(options);
  }

  async preview(options: RunOptions): Promise<Outcome> {
    await this.#policy.enforce(options);
    const { onEvent, ...others } = options;
    // The deletion in a replacement is a part of it, and people see one step.
    const shown = (event: StepEvent) => (event.op === "delete" && event.diff?.[0] === "replaced" ? undefined : onEvent?.(event));
    return this.#apply((engine, run) => engine.preview({ ...run, onEvent: shown }), others);
  }

  async up(options: RunOptions): Promise<Outcome> {
    const { images } = await this.#policy.enforce(options);
    await using _ = await buildAhead(images, await this.state(), { ...options, layersFrom: layersFrom(this.#options.project, process.env) });
    const history = new FailureHistory(this.#options.project, this.#options.stack);
    return await history.watching(options.scope?.apps, () => this.#apply((engine, run) => engine.up(run), options));
  }

  failedUpdates(): Promise<FailedUpdate[]> {
    return Promise.resolve(new FailureHistory(this.#options.project, this.#options.stack).read());
  }

  refresh({ only, readOnly, ...options }: RefreshOptions): Promise<Outcome> {
    const what = only === undefined ? {} : { only };
    return this.#apply((engine, run) => (readOnly === true ? engine.compare : engine.refresh)({ ...run, ...what }), options);
  }

  async destroy({ includeProtected, ...options }: DestroyOptions): Promise<Outcome> {
    if (((await this.state()).resources ?? []).length === 0) return { changes: {}, outputs: {} };
    return this.#apply((engine, run) => engine.destroy(run, includeProtected ? { everything: true } : { keepProtected: true }), options);
  }

  async locked<Result>(work: () => Promise<Result>): Promise<Result> {
    let lock: Lock;
    try {
      lock = Lock.take(embeddedState(this.#options.project, this.#options.stack));
    } catch (error) {
      throw new OpsError(messageOf(error));
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  putBack(records: readonly StateResource[]): Promise<void> {
    const file = embeddedState(this.#options.project, this.#options.stack);
    return this.locked(async () => {
      const { deployment, ...others } = JSON.parse(readFileSync(file, "utf8")) as { deployment: Deployment };
      await writeState(file, JSON.stringify({ ...others, deployment: withRecords(deployment, records) }));
    });
  }

  /** Ends what a killed run left, and records all as this version does. */
  async settle(): Promise<void> {
    await this.#apply((engine, run) => engine.settle(run), {});
  }

  async outputs(): Promise<Outputs> {
    return outputsOf(await this.state());
  }

  async secretOutput(name: string): Promise<unknown> {
    const [stack] = await this.#revealed((type) => type === types.stack);
    const value = stack?.outputs?.[name];
    return value === undefined ? undefined : unwrapped(value);
  }

  state(): Promise<Deployment> {
    const file = embeddedState(this.#options.project, this.#options.stack);
    if (!existsSync(file)) return Promise.resolve({});
    const content = JSON.parse(readFileSync(file, "utf8")) as { deployment?: Deployment };
    return Promise.resolve(content.deployment ?? {});
  }

  /** The embedded engine finds what a killed run left by the name that it gave it, and goes on with it. */
  recover(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async login(address: string): Promise<Login | undefined> {
    return loginOf({ resources: await this.#revealed((type) => type === types.dockerProvider) }, address);
  }

  async generated(): Promise<string[]> {
    return generatedIn({ resources: await this.#revealed((type) => type === types.password) });
  }

  /** Resources of the state with each secret as `{ plaintext: <JSON> }`. */
  async #revealed(wanted: (type: string) => boolean): Promise<StateResource[]> {
    const file = embeddedState(this.#options.project, this.#options.stack);
    if (!existsSync(file)) return [];
    const { Crypter } = await import("../../pulumi/secrets.ts");
    const { deployment } = JSON.parse(readFileSync(file, "utf8")) as { deployment: Deployment & { secrets_providers: { state: { salt: string } } } };
    const crypter = await Crypter.open(this.#options.passphrase, deployment.secrets_providers.state.salt);
    const found = deployment.resources?.filter(({ type }) => wanted(type)) ?? [];
    return JSON.parse(JSON.stringify(found), (_key, value: unknown) => {
      const hidden = typeof value === "object" && value !== null && "ciphertext" in value ? value.ciphertext : undefined;
      return typeof hidden === "string" ? { plaintext: crypter.decrypt(hidden) } : value;
    }) as StateResource[];
  }

  async #apply(command: (engine: typeof import("../../engine/index.ts"), run: EngineOptions) => Promise<Summary>, options: RunOptions): Promise<Outcome> {
    const { project, stack, passphrase } = this.#options;
    const engine = await import("../../engine/index.ts");
    const run = {
      projectDir: project.folder,
      stack,
      passphrase,
      stateFile: embeddedState(project, stack),
      configFile: await saltedStackFile(project, stack, passphrase),
      onEvent: options.onEvent,
      replace: options.replace,
      letGo: options.letGo,
      ...(options.targets === undefined ? { exclude: options.scope?.others } : { targets: options.targets }),
      signal: options.signal,
      environment: programVariables(options),
    };
    try {
      const { changes, outputs } = await command(engine, run);
      return { changes: realChanges(changes), outputs: hidden(outputs) };
    } catch (error) {
      if (options.signal?.aborted === true) {
        throw new OpsError("interrupted; what was begun is recorded, and the next run goes on from there", exitCodes.interrupted);
      }
      if (error instanceof engine.EngineError) throw new OpsError(messageOf(error));
      throw error;
    }
  }
}

export function embeddedState(project: Project, stack: string): string {
  return project.generated("embedded", `${stack}.json`);
}

/** Plain values in place of `{ plaintext }`. */
function unwrapped(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) => (typeof inner === "object" && inner !== null && "plaintext" in inner ? JSON.parse(String(inner.plaintext)) : inner)) as unknown;
}

function hidden(outputs: Outputs): Outputs {
  return Object.fromEntries(Object.entries(outputs).map(([name, { value, secret }]) => [name, { value: secret ? "[secret]" : value, secret }]));
}
