import { readFileSync, rmSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { engineFor } from "./choose-engine.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { namedApps } from "./named-apps.ts";
import { prepareMachine } from "../setup/prepare.ts";
import { standInsOption } from "../setup/stand-ins.ts";
import { type PlanTarget, pulumiPlanFile, readPlan, requirePlan } from "../preview/plan-file.ts";
import type { Plan } from "../preview/plan.ts";
import { usageError } from "../exit.ts";
import { interruptible } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { purgeKeys, purgeNote, purgeOption } from "../releases/purge.ts";
import { readReleases } from "../releases/records.ts";
import { promotionNote } from "../promote/note.ts";
import { withoutHeld } from "../stack-file/held-images.ts";
import { changesText, duration, table } from "../table.ts";
import { applyStack, waitForAnswers } from "./update.ts";

export const command: Command = {
  summary: "set up this machine, apply a stack, wait until it answers",
  description: [
    "Finds or installs what the stack needs (Docker Engine, images, Pulumi CLI), applies the stack, waits until each",
    "address answers through Traefik and prints the addresses. What is there already is used as it is; a second run",
    "changes nothing. Whatever is missing is said before the stack is touched. With names it applies these applications,",
    "and neither looks at the others nor changes them; where the platform would change, it refuses. Where berth:environment",
    "is not dev it asks before an application or a volume with data leaves the stack; a plan that says so is not asked about.",
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    json: jsonOption,
    "stand-ins": standInsOption,
    "purge-secret": purgeOption,
    "data-lost": { type: "boolean", help: "data volumes that are gone from the Docker host are lost: begin with empty ones" },
    yes: { type: "boolean", short: "y", help: "don't ask before applications or data leave a stack of production" },
    plan: { type: "string", value: "<file>", help: "do what this plan of ./berth preview --save-plan says, or refuse" },
  },
  positionals: ["app…"],
  examples: ["./berth up", "./berth up root", "./berth up -s dev --engine embedded", "./berth up --json | jq .addresses", "./berth up -s prod --plan prod.plan"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const stack = stackOf(context, parsed);
    const apps = namedApps(project, stack, parsed);
    if (apps.length > 0 && parsed.values["plan"] !== undefined) throw usageError(`--plan is what a whole update does, but ${apps.join(", ")} was named: leave out one of them`);
    const file = parsed.values["plan"];
    const plan = file === undefined ? undefined : { file, content: readPlan(file) };
    const started = performance.now();
    const report = new Progress(terminal);
    const docker = await interruptible(signal, prepareMachine(context, stack, report, parsed.flags["stand-ins"]), "the stack was not touched");
    const choice = await engineFor(context, stack, parsed.values["engine"], report, true);
    const { deployer } = choice;
    report.note(`${deployer.description}${choice.fallback === undefined ? "" : `; used because ${choice.fallback}`}`);

    const held = withoutHeld(readFileSync(project.stackFile(stack), "utf8")).apps.filter((app) => apps.length === 0 || apps.includes(app));
    if (held.length > 0) report.note(`not built from the folder, as a rollback holds the image in Pulumi.${stack}.yaml: ${held.join(", ")}; to go forward: ./berth forward ${stack}`);
    const follow = plan === undefined ? {} : await followPlan(plan.file, plan.content, report, { project, stack, deployer, docker, signal });
    const past = parsed.values["purge-secret"] === undefined ? [] : await readReleases(deployer);
    const purge = purgeKeys(stack, parsed.values["purge-secret"], past);
    // A plan is applied as it was approved, or refused: what leaves is in it.
    const agreed = plan !== undefined || parsed.flags["yes"] === true;
    const note = environment["BERTH_RELEASE_NOTE"] || (await promotionNote(project.folder, stack));
    const outcome = await applyStack(context, stack, { ...choice, docker, report }, { ...follow, note, purge, apps, agreed, dataLost: parsed.flags["data-lost"] === true }).finally(() => rmSync(pulumiPlanFile(project, stack), { force: true }));
    for (const line of purge.length === 0 ? [] : purgeNote(purge, past, await readReleases(deployer))) report.note(line);
    const found = await waitForAnswers(outcome, report, signal, apps);

    const total = performance.now() - started;
    if (parsed.flags["json"]) {
      const { releases: _, ...told } = outcome.outputs;
      const outputs = Object.fromEntries(Object.entries(told).map(([name, { value }]) => [name, value]));
      const steps = report.times.map(({ name, milliseconds }) => ({ name, milliseconds: Math.round(milliseconds) }));
      terminal.json({ stack, engine: deployer.engine, changes: outcome.changes, kept: outcome.kept, addresses: found, outputs, steps, milliseconds: Math.round(total) });
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

async function followPlan(file: string, plan: Plan, report: Progress, target: PlanTarget): Promise<{ plan?: string }> {
  const step = report.step("plan");
  try {
    const options = await requirePlan(file, plan, target);
    step.done(`${plan.steps.length} steps, made ${plan.made}; it still fits`);
    return options;
  } catch (error) {
    step.fail("it does not fit");
    throw error;
  }
}
