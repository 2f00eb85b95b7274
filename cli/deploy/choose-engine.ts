import { existsSync, mkdirSync, readFileSync } from "node:fs";
import type { Context } from "../command.ts";
import type { Deployer } from "./deployer.ts";
import type { Deployment } from "./stack-state.ts";
import { EmbeddedDeployer, embeddedState } from "./embedded.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";
import { isEmpty, isUp } from "./ownership.ts";
import { Progress } from "../progress.ts";
import type { Project } from "../project.ts";
import { PulumiDeployer } from "./pulumi.ts";
import { type Backend, chooseBackend, shownUrl } from "../setup/backend.ts";
import { ensurePassphrase, type Passphrase } from "../setup/passphrase.ts";
import { type Cli, ensureCli, findCli, type NoCli } from "../setup/pulumi.ts";
import { isHandedOver, takeOver } from "./take-over.ts";
import type { Report } from "../../standins/report.ts";

export const engines = ["pulumi", "embedded"] as const;

export interface Choice {
  deployer: Deployer;
  /** Why not the Pulumi CLI; undefined where it is used. */
  fallback?: string;
  passphrase: Passphrase;
  backend?: Backend;
  /** What a plain `pulumi` needs in its environment to work on the same state. */
  variables: Record<string, string>;
}

export interface ChoiceOptions {
  project: Project;
  stack: string;
  environment: NodeJS.ProcessEnv;
  /** `--engine`; BERTH_ENGINE is asked where it is not given. */
  engine?: string;
  report: Report;
  /** Whether a CLI may be downloaded for any stack; for commands that only look it is where the state can't be read otherwise. */
  install: boolean;
  /** Whether the CLI, where it is asked for, takes over what the embedded engine made; only where an update comes next. @default false */
  takesOver?: boolean;
}

/**
 * The engine for a stack: the Pulumi CLI where there is one or it can be had, or else the embedded one. A stack
 * that the embedded engine made stays with it, whatever is installed since, until `up` is asked for the CLI.
 * A state that the environment or a login names is read by the CLI alone, so there is no other engine for it.
 *
 * @throws OpsError (3) where the engine that was asked for, or that the state takes, is not there, (2) for an engine of another name.
 */
export async function chooseDeployer(options: ChoiceOptions): Promise<Choice> {
  const { project, stack, environment, report, takesOver } = options;
  const asked = options.engine ?? (environment["BERTH_ENGINE"] || undefined);
  if (asked !== undefined && !(engines as readonly string[]).includes(asked)) {
    throw usageError(`BERTH_ENGINE is "${asked}", but must be one of ${engines.join(", ")}`);
  }
  const passphrase = ensurePassphrase(project, environment);
  const embedded = (fallback: string): Choice => ({
    deployer: new EmbeddedDeployer({ project, stack, passphrase: passphrase.value }),
    fallback,
    passphrase,
    variables: {},
  });
  const change = `./berth up -s ${stack} --engine pulumi`;
  const begun = isHandedOver(project, stack);
  if (begun && (takesOver !== true || asked === "embedded")) {
    throw new OpsError(`the Pulumi CLI was about to take stack "${stack}" over from the embedded engine, and was interrupted: ${change} goes on with it`);
  }
  if (asked === "embedded") return embedded("it was asked for");
  const state = readEmbedded(project, stack);
  if (!isEmpty(state) && asked === undefined) return embedded(`stack "${stack}" is on it; to change: ${change}`);
  if (isUp(state) && takesOver !== true) throw new OpsError(`stack "${stack}" runs on the embedded engine, and the Pulumi CLI knows nothing of it: ${change} takes it over`);
  const backend = chooseBackend(project, environment);
  const cli: Cli | NoCli = options.install || (backend.isNamed && asked === undefined) ? await ensureCli(project, environment, report) : await findCli(project, environment);
  if ("reason" in cli) {
    if (asked === "pulumi" || begun) throw new OpsError(`the Pulumi CLI was asked for, but ${cli.reason}: see https://www.pulumi.com/docs/install`, exitCodes.requirement);
    if (backend.isNamed) throw new OpsError(unreadable(stack, backend, cli), exitCodes.requirement);
    return embedded(cli.reason);
  }
  // The CLI refuses a folder that does not exist.
  if (backend.url.startsWith("file:///")) mkdirSync(backend.url.slice("file://".length), { recursive: true });
  const variables = { ...backend.variables, ...passphrase.variables };
  // Without the last one a preview is one document at its end, and not a stream of events as an update is.
  const cliEnvironment = { ...environment, ...variables, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const onNote = (text: string) => report.note(text);
  const deployer = new PulumiDeployer({ project, stack, cli, backend, environment: cliEnvironment, onNote });
  if (takesOver === true && (begun || !isEmpty(state))) {
    await takeOver({ project, stack, from: new EmbeddedDeployer({ project, stack, passphrase: passphrase.value }), to: deployer, note: onNote });
  }
  return {
    deployer,
    passphrase,
    backend,
    variables,
  };
}

/** The embedded engine's state is empty then, which reads as if the stack were not up. */
function unreadable(stack: string, { url, reason }: Backend, { reason: missing }: NoCli): string {
  return [
    `the state of stack "${stack}" is in ${shownUrl(url)} (${reason}), which takes the Pulumi CLI, but ${missing}.`,
    "Install it (https://www.pulumi.com/docs/install), or let this machine reach get.pulumi.com and run this again.",
    `For a stack that the embedded engine is to run, with its state in this folder: --engine embedded`,
  ].join("\n");
}

/**
 * The engine for a command, whose output never shows the passphrase.
 *
 * @param engine `--engine`.
 * @param report Of a command that changes the stack, for which a CLI may be downloaded. One that only looks has none, and
 *   downloads the CLI only for a state that is read by nothing else.
 * @param takesOver As in {@link ChoiceOptions}.
 */
export async function engineFor({ project, terminal, environment }: Context, stack: string, engine: string | undefined, report?: Report, takesOver = false): Promise<Choice> {
  const choice = await chooseDeployer({ project, stack, environment, engine, report: report ?? new Progress(terminal), install: report !== undefined, takesOver });
  terminal.redactor.hide(choice.passphrase.value);
  return choice;
}

function readEmbedded(project: Project, stack: string): Deployment {
  const file = embeddedState(project, stack);
  if (!existsSync(file)) return {};
  return (JSON.parse(readFileSync(file, "utf8")) as { deployment?: Deployment }).deployment ?? {};
}
