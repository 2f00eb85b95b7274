import { Crypter } from "../../pulumi/secrets.ts";
import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, type Context, engineOption, jsonOption } from "../command.ts";
import { dockerClient, requireDocker } from "../../docker/client.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { forgeOf, type PullRequest } from "../forge/forge.ts";
import { Progress } from "../progress.ts";
import { branchFor } from "./branch.ts";
import { checks, forcedChecks, secondsOf } from "./check.ts";
import { Checkout } from "./checkout.ts";
import { copyImage } from "./copy-image.ts";
import { takenIn } from "./plan.ts";
import { loginsFor, lookAtPromotion, type Looked, type PromoteOptions, requireReachable } from "./gather.ts";
import type { Side } from "./running.ts";
import { nextSteps, promotionText, pullRequestBody, titleOf } from "./report.ts";
import { ensurePassphrase } from "../setup/passphrase.ts";

export const command: Command = {
  summary: "take what runs in one stack to another, as a change to review",
  description: [
    "Writes the digests and commits of the images that run, and are healthy, in one stack into the other's file, on a",
    "branch of its own; pushes it where there is an origin, and opens a pull request where GITHUB_TOKEN and the origin",
    "name one. Nothing is built; images are copied by digest where the registries differ. Your files, index and branch",
    "stay as they are, and neither stack is changed: ./berth up applies the change once it is merged.",
    `Refused unless these hold, each overridden by --force <name>, on record in the commit: ${checks.join(", ")}.`,
  ].join("\n"),
  options: {
    "healthy-for": { type: "string", value: "<time>", help: "how long every container must have been healthy, for example 90s, 10m, 1h (default: 10m)" },
    force: { type: "string", value: "<names>", help: `go on although these do not hold: ${checks.join(", ")}, with commas between` },
    base: { type: "string", value: "<branch>", help: "the branch that the change is for (default: origin's default branch, or the current one)" },
    engine: engineOption,
    json: jsonOption,
  },
  positionals: ["from", "to"],
  examples: ["./berth promote dev prod", "./berth promote dev prod --healthy-for 1h", "./berth promote dev prod --force drift,migrations"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal, environment, signal } = context;
    const [from, to] = parsed.positionals;
    if (from === undefined || to === undefined) throw usageError("berth promote needs two stacks: ./berth promote dev prod");
    if (from === to) throw usageError(`berth promote needs two stacks, but "${from}" was given twice`);
    const [force, healthyFor] = [forcedChecks(parsed.values["force"]), secondsOf(parsed.values["healthy-for"] ?? "10m")];
    for (const stack of [from, to]) project.requireStack(stack);
    const checkout = await Checkout.open(project.folder, environment);
    const base = await checkout.base(parsed.values["base"]);
    const sides = [await sideOf(context, from, parsed.values["engine"]), await sideOf(context, to, parsed.values["engine"])] as const;
    await requireDocker(sides[0].docker);

    const report = new Progress(terminal);
    const step = report.step("look");
    const options: PromoteOptions = { project, checkout, base, from: sides[0], to: sides[1], healthyFor, force, signal, onProgress: (text) => step.progress?.(text) };
    let looked: Looked;
    try {
      looked = await lookAtPromotion(options);
      step.done(`${from} and ${to}, for ${base.origin === undefined ? "" : "origin's "}branch ${base.branch}`);
    } catch (error) {
      step.fail("refused");
      throw error;
    }
    for (const check of looked.needless) report.note(`--force ${check} was not needed`);
    const { plan } = looked;
    if (takenIn(plan).length === 0) {
      if (parsed.flags["json"]) terminal.json({ from, to, base: base.branch, promoted: [], own: [] });
      else terminal.result(`There is nothing to promote: on branch ${base.branch} stack "${to}" has what runs in "${from}".`);
      return 0;
    }

    requireReachable(project.settings(from).docker, to, project.settings(to).docker, looked.values);
    const copied: string[] = [];
    for (const { name, source, target } of takenIn(plan)) {
      if (source === target) continue;
      const copy = report.step("copy");
      copy.progress?.(`${name} to ${target}`);
      const logins = await loginsFor(options, source, looked.values, await passwordOf(context, looked));
      for (const login of Object.values(logins)) terminal.redactor.hide(login?.password);
      try {
        const anew = await copyImage({ source, target, tag: `promoted-${target.slice(-64, -52)}`, logins, environment });
        copy.done(`${name} ${anew ? "copied to" : "is already at"} ${target.slice(0, target.indexOf("@") + 20)}`);
        if (anew) copied.push(target);
      } catch (error) {
        copy.fail(name);
        throw error;
      }
    }

    const { branch, commit, isNew, was } = await branchFor(options, looked);
    const made = report.step("branch");
    if (isNew) await checkout.publish(branch, commit, base.origin, was);
    made.done(`${branch}${isNew ? (base.origin === undefined ? "" : ", pushed to origin") : " has this already"}`);
    const pull = await openPullRequest(context, looked, options, branch);

    if (parsed.flags["json"]) {
      const { histories, forced, secrets } = looked;
      const apps = plan.promoted.map((app) => ({ ...app, copied: copied.includes(app.target), ...historyFor(histories, app.name) }));
      const own = plan.own.map((image) => ({ ...image, copied: copied.includes(image.target) }));
      terminal.json({ from, to, base: base.branch, branch, commit, pushed: base.origin !== undefined, pullRequest: pull, promoted: apps, own, same: plan.same, others: plan.others, built: plan.built, missing: plan.missing, secrets, forced });
      return 0;
    }
    terminal.result(`${promotionText(looked)}\n`);
    terminal.result(nextSteps(to, base.branch, branch, base.origin !== undefined, pull));
    return 0;
  },
};

async function sideOf(context: Context, stack: string, engine: string | undefined): Promise<Side> {
  const { project, environment } = context;
  const { deployer } = await engineFor(context, stack, engine);
  return { stack, deployer, docker: dockerClient(project.settings(stack).docker, environment) };
}

/** Password of the other stack's registry: of the environment, or of its file. */
async function passwordOf({ project, environment }: Context, { values, to }: Looked): Promise<string | undefined> {
  if (environment["BERTH_REGISTRY_PASSWORD"]) return environment["BERTH_REGISTRY_PASSWORD"];
  const secret = values.config["berth:registryPassword"] as { secure?: string } | undefined;
  if (secret?.secure === undefined) return undefined;
  const { salt } = values;
  if (salt === undefined) return undefined; // encrypted by another provider: docker's own login is used
  try {
    return (await Crypter.open(ensurePassphrase(project, environment).value, salt)).decrypt(secret.secure);
  } catch (error) {
    throw new OpsError(`berth:registryPassword of stack "${to}" can't be decrypted: ${messageOf(error)}`);
  }
}

async function openPullRequest({ environment, terminal }: Context, looked: Looked, { base }: PromoteOptions, branch: string): Promise<PullRequest | undefined> {
  const forge = base.origin === undefined ? undefined : forgeOf(environment, base.origin);
  if (forge === undefined) return undefined;
  try {
    return await forge.openPullRequest({ branch, base: base.branch, title: titleOf(looked), body: terminal.redactor.clean(pullRequestBody(looked)) });
  } catch (error) {
    throw new OpsError(`branch ${branch} is pushed, but its pull request could not be opened: ${messageOf(error)}\nOpen it by hand, or run this again.`);
  }
}

function historyFor(histories: Looked["histories"], app: string): object {
  const { commits, migrations, unknown } = histories.find(({ name }) => name === app) ?? { commits: [], migrations: undefined };
  const added = migrations?.added.map(({ name, path, kind, compatible, undoable }) => ({ name, path, kind, compatible, undoable }));
  return { commits, migrations: migrations === undefined ? undefined : { added, altered: migrations.altered }, unknown };
}
