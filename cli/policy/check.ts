import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { refusal, warnings } from "../../policy/report.ts";
import type { Finding } from "../../policy/rule.ts";
import type { RunOptions } from "../deploy/deployer.ts";
import { programVariables } from "../deploy/program-variables.ts";
import type { Asked } from "../deploy/recorded-program.ts";
import { exitCodes, OpsError } from "../exit.ts";
import type { Project } from "../project.ts";
import { type StackValues, stackValues, takesEnvironments } from "../stack-file/stack-values.ts";

/** A program and the values that it is run with; `cache` is the folder of its compiled modules. */
export interface ProgramCheck extends StackValues {
  folder: string;
  stack: string;
  cache: string;
  /** What the program finds in its environment beside that of this process. @default nothing */
  variables?: Record<string, string>;
}

/** What stops a preview or an update; with `--json` the findings are told too. */
export class PolicyRefusal extends OpsError {
  readonly findings: readonly Finding[];

  constructor(stack: string, findings: Finding[]) {
    super(refusal(stack, findings), exitCodes.refused, { stack, findings });
    this.findings = findings;
  }
}

/** What the program asks for, and what of it breaks the policy. */
interface Checked {
  findings: Finding[];
  asked: Asked;
}

type Answer = Checked | { problem: string };

/** The policy before each preview and update of one stack. What has passed is not looked at again while the stack file is the same. */
export class PolicyGate {
  readonly #project: Project;
  readonly #stack: string;
  #passed: { settings: string; asked: Asked } | undefined;

  constructor(project: Project, stack: string) {
    this.#project = project;
    this.#stack = stack;
  }

  /** @returns what the program asks for. @throws as {@link enforcePolicy}. */
  async enforce(options: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked> {
    const settings = `${readFileSync(this.#project.stackFile(this.#stack), "utf8")}${JSON.stringify(programVariables(options))}`;
    if (settings !== this.#passed?.settings) this.#passed = { settings, asked: await enforcePolicy(this.#project, this.#stack, options) };
    return this.#passed.asked;
  }
}

/**
 * Runs the program with nothing behind it, and every rule of the policy over all that it asks for: so a resource that
 * may not be stops an update before the first one is made, whichever engine applies it. The CLI's own `--policy-pack`
 * looks at each resource only when its turn has come.
 *
 * @returns what the program asks for.
 * @throws PolicyRefusal with every mandatory finding, or OpsError with what the program itself threw, or where values of
 * Pulumi ESC are missing. Advisory ones are told as warnings.
 */
export async function enforcePolicy(project: Project, stack: string, { onEvent, signal, ...options }: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked> {
  const { folder } = project;
  const warn = (message: string) => onEvent?.({ phase: "diagnostic", op: "", urn: "", type: "", name: "", message });
  if (takesEnvironments(folder, stack)) {
    throw new OpsError(`environment of Pulumi.${stack}.yaml takes values from Pulumi ESC, which the Pulumi CLI alone resolves: use it (--engine pulumi) with a login to Pulumi Cloud, or take environment out`, exitCodes.requirement);
  }
  const { findings, asked } = await checkProgram({ folder, stack, ...stackValues(folder, stack), cache: project.generated("policy", "compiled"), variables: programVariables(options) }, signal);
  const { mandatory = [], advisory = [] } = Object.groupBy(findings, ({ level }) => level);
  for (const message of warnings(advisory)) warn(message);
  if (mandatory.length > 0) throw new PolicyRefusal(stack, mandatory);
  return asked;
}

/** Runs the program and the rules over it in a thread of its own. @throws OpsError with what the program threw. */
export async function checkProgram(workerData: ProgramCheck, signal?: AbortSignal): Promise<Checked> {
  if (signal?.aborted === true) throw interrupted();
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData, env: { ...process.env, ...workerData.variables }, resourceLimits: { maxYoungGenerationSizeMb: 128 } });
  const stop = () => void worker.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.on("message", resolve).on("error", reject);
      worker.on("exit", () =>
        reject(signal?.aborted === true ? interrupted() : new OpsError("the program waits for something that never comes: a promise that nobody resolves, or resources that need each other")),
      );
    });
    if ("problem" in answer) throw new OpsError(answer.problem);
    return answer;
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function interrupted(): OpsError {
  return new OpsError("interrupted; nothing was changed", exitCodes.interrupted);
}
