import { performance } from "node:perf_hooks";
import type Dockerode from "dockerode";
import { addresses, waitForAnswer } from "../answers.ts";
import { applyWithProgress } from "../apply.ts";
import { chooseDeployer } from "../choose.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { type Deployment, failedJobs, nameOf, realResources, type ResourceEvent } from "../deployer.ts";
import { stackContainers } from "../docker.ts";
import { forgetEmbedded } from "../embedded.ts";
import { messageOf, OpsError } from "../exit.ts";
import { withCauses } from "../failure.ts";
import { prepareMachine } from "../prepare.ts";
import { Progress } from "../progress.ts";
import { changesText, duration, table } from "../table.ts";

/** How long an address may take to answer after everything is healthy, in milliseconds. */
const answerDeadline = 60_000;

export const command: Command = {
  summary: "set up this machine, apply a stack, wait until it answers",
  description: [
    "Finds or installs what the stack needs (Docker Engine, images, Pulumi CLI), applies the stack, waits until each",
    "address answers through Traefik and prints the addresses. What is there already is used as it is; a second run",
    "changes nothing. Whatever is missing is said before the stack is touched.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  examples: ["./berth up", "./berth up -s dev --engine embedded", "./berth up --json | jq .addresses"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const stack = stackOf(context, parsed);
    const started = performance.now();
    const report = new Progress(terminal);
    const docker = await prepareMachine(context, stack, report);
    const choice = await chooseDeployer({ project, stack, environment, engine: parsed.values["engine"], report, install: true });
    terminal.redactor.hide(choice.passphrase.value);
    const { deployer } = choice;
    report.note(`${deployer.description}${choice.fallback === undefined ? "" : `; used because ${choice.fallback}`}`);

    const before = await deployer.state();
    const removed = await deployer.recover(docker, before);
    if (removed.length > 0) report.note(`removed, as an update that was killed left them half made: ${removed.join(", ")}`);
    const state = removed.length > 0 ? await deployer.state() : before;
    await requireOwnership(docker, stack, state);
    const replace = failedJobs(state);
    if (replace.length > 0) report.note(`runs again, as it failed last time: ${replace.map(nameOf).join(", ")}`);
    if (deployer.engine === "pulumi") forgetEmbedded(project, stack);
    const failed: ResourceEvent[] = [];
    const update = (onEvent: (event: ResourceEvent) => void) =>
      deployer.up({
        replace,
        signal,
        onEvent: (event) => {
          if (event.phase === "failed") failed.push(event);
          onEvent(event);
        },
      });
    const outcome = await applyWithProgress(stack, terminal, report, update).catch(async (error: unknown) => {
      // The embedded engine's messages have their causes already.
      throw deployer.engine === "pulumi" && !signal.aborted ? await withCauses(error, failed, docker, stack, project) : error;
    });
    const found = addresses(outcome.outputs);
    await Promise.all(
      Object.entries(found).map(async ([name, url]) => {
        const step = report.step("answer");
        step.progress?.(`waiting for ${url}`);
        try {
          step.done(`${name} at ${url}: ${await waitForAnswer(url, answerDeadline, signal)}`);
        } catch (error) {
          step.fail(messageOf(error));
          throw error;
        }
      }),
    );

    const total = performance.now() - started;
    if (parsed.flags["json"]) {
      const outputs = Object.fromEntries(Object.entries(outcome.outputs).map(([name, { value }]) => [name, value]));
      const steps = report.times.map(({ name, milliseconds }) => ({ name, milliseconds: Math.round(milliseconds) }));
      terminal.json({ stack, engine: deployer.engine, changes: outcome.changes, addresses: found, outputs, steps, milliseconds: Math.round(total) });
      return 0;
    }
    if (Object.keys(found).length > 0) {
      terminal.result("");
      terminal.result(table(["NAME", "ADDRESS"], Object.entries(found)));
      terminal.result("");
    }
    const reach = Object.entries((outcome.outputs["reach"]?.value ?? {}) as Record<string, string>);
    if (reach.length > 0) terminal.result(`${table(["PART", "HOW TO REACH IT"], reach)}\n`);
    terminal.result(`${changesText(outcome.changes)} in ${duration(total)}`);
    if (Object.keys(choice.variables).length > 0) {
      terminal.line(terminal.style("dim", "For plain pulumi commands on the same state:"));
      for (const [name, value] of Object.entries(choice.variables)) terminal.line(terminal.style("dim", `  export ${name}=${value}`));
    }
    return 0;
  },
};

/** Two checkouts, or two engines, that apply one stack to one Docker Engine would make everything twice. */
async function requireOwnership(docker: Dockerode, stack: string, state: Deployment): Promise<void> {
  if (realResources(state).length > 0 || (state.pending_operations ?? []).length > 0) return;
  const containers = await stackContainers(docker, stack);
  if (containers.length === 0) return;
  throw new OpsError(
    [
      `stack "${stack}" is already on this Docker Engine (${containers.length} containers), but not in this state: another checkout, engine or backend made it.`,
      "Take it down there with ./berth down, or remove its containers and networks here; volumes with data stay:",
      `  docker ps -aq --filter label=berth.stack=${stack} | xargs -r docker rm -f`,
      `  docker network ls -q --filter label=berth.stack=${stack} | xargs -r docker network rm`,
    ].join("\n"),
  );
}
