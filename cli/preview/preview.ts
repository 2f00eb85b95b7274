import { git } from "../../config/git.ts";
import { applyWithProgress } from "../deploy/update-progress.ts";
import { type Choice, engineFor } from "../deploy/choose-engine.ts";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { letGo } from "../deploy/data-volumes.ts";
import type { ResourceEvent } from "../deploy/deployer.ts";
import { namedApps } from "../deploy/named-apps.ts";
import { givenScope, partOf } from "../deploy/scope.ts";
import { targetsOf } from "../deploy/shared-parts.ts";
import { failedJobs } from "../deploy/stack-state.ts";
import { placesOn, refuseProblems, volumeProblems } from "../deploy/volume-problems.ts";
import { exitCodes, messageOf, OpsError, usageError } from "../exit.ts";
import { forgeOf } from "../forge/forge.ts";
import { failureOf, renderFailure } from "./failure.ts";
import { gather } from "./gather.ts";
import { answered, asked as askedHost, deadline } from "./host.ts";
import { renderJson } from "./json.ts";
import { renderMarkdown } from "./markdown.ts";
import { pulumiPlanFile, savePlan } from "./plan-file.ts";
import type { Preview } from "./model.ts";
import { stackSecrets } from "./stack-secrets.ts";
import { renderText } from "./text.ts";
import { stepOf } from "./tree.ts";
import { Progress } from "../progress.ts";

export const command: Command = {
  summary: "what up would change, without changing it",
  description: [
    "Runs the program and tells, by application, what up would do: what restarts, whether a request can fail, whether data",
    "is touched, images with the commits between, configuration, memory, what was changed by hand and is set back. Changes",
    "nothing. No registry is asked; the Docker host only for what it has, and it need not answer. A refusal by the policy,",
    "or another failure, is told in the comment too. With names it tells of these applications, as up with names applies them.",
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    json: jsonOption,
    markdown: { type: "boolean", help: "print it as Markdown, for a pull request" },
    "save-plan": { type: "string", value: "<file>", help: "write what up would do, for ./berth up --plan" },
    "data-lost": { type: "boolean", help: "go on where data volumes are gone from the Docker host, as ./berth up --data-lost would" },
    comment: { type: "string", value: "<number>", help: "post it to this pull request, in place of the one before" },
  },
  positionals: ["app…"],
  examples: ["./berth preview", "./berth preview root", "./berth preview -s prod --markdown", "./berth preview -s prod --json | jq .requests", "./berth preview -s prod --comment 12", "./berth preview -s prod --save-plan prod.plan"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const stack = stackOf(context, parsed);
    const apps = namedApps(project, stack, parsed);
    if (apps.length > 0 && parsed.values["save-plan"] !== undefined) throw usageError(`--save-plan is of a whole update, but ${apps.join(", ")} was named: leave out one of them`);
    const { json = false, markdown = false } = parsed.flags;
    if (json && markdown) throw usageError("--json and --markdown are two forms of one result: give one of them");
    const comment = commentOf(parsed.values["comment"], environment, project.folder);
    const report = new Progress(terminal);
    const tell = async (body: string) => {
      if (comment !== undefined) report.note(`posted: ${await comment(`berth preview ${stack}`, terminal.redactor.clean(`${body}${ofCommit(project.folder, environment)}`))}`);
    };
    let choice: Choice | undefined;
    let told: Preview;
    try {
      choice = await engineFor(context, stack, parsed.values["engine"], report);
      told = await previewed(context, stack, choice, { apps, planFile: parsed.values["save-plan"], dataLost: parsed.flags["data-lost"] === true, report });
    } catch (error) {
      // What is interrupted is begun anew: a workflow's run that a newer commit cancels has nothing to say.
      if (signal.aborted) throw error;
      for (const secret of choice === undefined ? [] : await stackSecrets(project, stack, choice.passphrase.value)) terminal.redactor.hide(secret);
      const failure = renderFailure(failureOf(stack, error, (text) => terminal.redactor.clean(text)));
      if (markdown) terminal.result(failure.trimEnd());
      await tell(failure).catch((problem: unknown) => report.note(`not posted: ${messageOf(problem)}`));
      throw error;
    }
    await tell(renderMarkdown(told));
    if (json) terminal.json(renderJson(told));
    else if (markdown) terminal.result(renderMarkdown(told).trimEnd());
    else terminal.result(renderText(told, (text) => terminal.resultStyle("bold", text)));
    return 0;
  },
};

interface Wanted {
  apps: readonly string[];
  planFile: string | undefined;
  dataLost: boolean;
  report: Progress;
}

async function previewed({ project, terminal, environment, signal }: Context, stack: string, { deployer, passphrase }: Choice, { apps, planFile, dataLost, report }: Wanted): Promise<Preview> {
  report.note(deployer.description);
  const events: ResourceEvent[] = [];
  const state = await deployer.state();
  const scope = givenScope(stack, apps, state);
  const asked = await deployer.asked({ signal, scope, onEvent: ({ message }) => message !== undefined && report.note(message.trim()) });
  const host = await answered(askedHost(project, stack, environment), deadline, placesOn);
  if (host !== undefined) refuseProblems(stack, volumeProblems({ stack, state, asked, dataLost }, host));
  const preview = (show: (event: ResourceEvent) => void) =>
    deployer.preview({
      signal,
      scope,
      replace: failedJobs(partOf(state, scope)),
      letGo: letGo(partOf(state, scope), asked),
      ...(planFile !== undefined && { plan: pulumiPlanFile(project, stack) }),
      onEvent: (event) => {
        show(event);
        events.push(event);
      },
    });
  const outcome = await applyWithProgress(stack, terminal, report, preview, true);
  if (scope !== undefined) targetsOf(stack, scope, state, events);
  const steps = events.flatMap((event) => stepOf(event) ?? []);
  const told = await gather(project, stack, deployer, { outcome, steps, state, scope, ...(host !== undefined && { volumes: new Set(host.volumes.map(({ Name }) => Name)) }) }, { environment, passphrase: passphrase.value });
  if (planFile !== undefined) await savePlan(planFile, project, { stack, engine: deployer.engine, state, steps });
  return told;
}

/** Which commit the comment is of: a run that never came leaves an older one standing. GitHub checks out a merge of the pull request's. */
function ofCommit(folder: string, environment: NodeJS.ProcessEnv): string {
  const merged = environment["GITHUB_EVENT_NAME"] === "pull_request" ? git(folder, "rev-parse", "--verify", "--quiet", "HEAD^2") : undefined;
  const commit = merged ?? git(folder, "rev-parse", "HEAD");
  return commit === undefined ? "" : `\nPreviewed at ${commit}.\n`;
}

/** Posts to the pull request that was named; undefined where none was. Refused before the preview, not after it. */
function commentOf(number: string | undefined, environment: NodeJS.ProcessEnv, folder: string): ((marker: string, body: string) => Promise<string>) | undefined {
  if (number === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(number)) throw usageError(`--comment is "${number}", but must be the number of a pull request, for example 12`);
  const forge = forgeOf(environment, git(folder, "remote", "get-url", "origin"));
  if (forge === undefined) throw new OpsError("--comment needs GITHUB_TOKEN, and a repository on GitHub: GITHUB_REPOSITORY, or the address of origin", exitCodes.requirement);
  return (marker, body) => forge.upsertComment(Number(number), marker, body);
}
