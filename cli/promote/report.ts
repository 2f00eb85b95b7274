import type { PullRequest } from "../forge/forge.ts";
import { table } from "../table.ts";
import { type Refusal, timeOf } from "./check.ts";
import { type History, revisionsText } from "./history.ts";
import { type Plan, type Promoted, takenIn } from "./plan.ts";

/** A promotion as it is told: in a commit, in a pull request, on a terminal. */
export interface Promotion {
  from: string;
  to: string;
  plan: Plan;
  histories: History[];
  /** Seconds that every container had been healthy at least, unless that was overridden. */
  healthyFor: number;
  /** Refusals that `--force` overrode. */
  forced: Refusal[];
  /** Commands that set what is missing. */
  secrets: string[];
}

export function titleOf({ to, from, plan }: Promotion): string {
  // Berth's own go with the applications, and are named where they go alone.
  const names = (plan.promoted.length > 0 ? plan.promoted : plan.own).map(({ name }) => name);
  const list = names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return `chore(${to}): promote ${list} from ${from}`;
}

/** The commit's message. Its trailers say where it comes from and what was overridden, for whoever reads the history. */
export function commitMessage(promotion: Promotion): string {
  const lines = takenIn(promotion.plan).map((app) => `${app.name}: ${revisionsText(app)}, ${digestOf(app).slice(0, 19)}`);
  return [titleOf(promotion), "", ...lines, "", ...trailersOf(promotion), ""].join("\n");
}

function trailersOf(promotion: Promotion): string[] {
  const { from, forced } = promotion;
  const healthy = healthyTime(promotion);
  return [`Promoted-from: ${from}`, ...(healthy === undefined ? [] : [`Healthy-for: ${healthy}`]), ...forced.map(({ check, because }) => `Forced: ${check} because ${oneLine(because.join("; "))}`)];
}

/** The time that was asked for and held; undefined where the check was overridden. */
function healthyTime({ healthyFor, forced }: Promotion): string | undefined {
  return forced.some(({ check }) => check === "healthy") ? undefined : timeOf(healthyFor);
}

/** The pull request's text, from which a reviewer can decide. */
export function pullRequestBody(promotion: Promotion): string {
  const { from, to, plan, histories, forced, secrets } = promotion;
  const healthy = healthyTime(promotion);
  const rows = takenIn(plan).map((app) => `| ${app.name}${app.before === undefined ? " (new)" : ""} | ${revisionsText(app)} | \`${digestOf(app).slice(0, 19)}\` |`);
  const blocks = [
    `The images that run in \`${from}\`, by digest. ${plan.built.length === 0 ? `Nothing is built for \`${to}\`.` : builtText(from, to, plan.built)}`,
    ["| name | commit | image |", "|---|---|---|", ...rows].join("\n"),
    ...(healthy === undefined ? [] : [`Every container of \`${from}\` had been healthy for ${healthy} at least.`]),
    ...(forced.length === 0 ? [] : [["**Overridden with `--force`:**", "", ...forced.map(({ check, because }) => `- ${check}: ${because.map(code).join(", ")}`)].join("\n")]),
    ...histories.flatMap(({ name, commits }) => (commits.length === 0 ? [] : [[`**Commits of ${name}:**`, "", ...commits.map((commit) => `- ${code(commit)}`)].join("\n")])),
    ...listed("Migrations that will run:", migrationLines(histories), (line) => `- ${code(line)}`),
    ...listed(`Keys that \`${from}\` has and \`${to}\` lacks; values differ by stack, so none takes effect there, and those of applications stand in its file as comments:`, plan.missing, (key) => `- ${code(key)}`),
    ...listed("To be set first:", secrets, (command) => `- ${code(command)}`),
    `To see what changes: \`./berth preview -s ${to}\`. To apply it after the merge: \`./berth up -s ${to}\`.`,
  ];
  return blocks.join("\n\n");
}

function listed(title: string, lines: readonly string[], show: (line: string) => string): string[] {
  return lines.length === 0 ? [] : [[`**${title}**`, "", ...lines.map(show)].join("\n")];
}

/** What is promoted, for a terminal. */
export function promotionText({ from, to, plan, histories, forced, secrets }: Promotion): string {
  const rows = takenIn(plan).map((app) => [app.name, revisionsText(app), digestOf(app).slice(0, 19), app.before === undefined ? "new" : commitCount(histories, app.name)]);
  const parts = [
    table(["NAME", "COMMIT", "IMAGE", ""], rows),
    ...(plan.built.length === 0 ? [] : ["", builtText(from, to, plan.built)]),
    ...section("migrations that will run:", migrationLines(histories)),
    ...section(`${from} has, ${to} lacks; without effect, as values differ by stack:`, plan.missing),
    ...section("to be set first:", secrets),
    ...section(`stay as they are, as ${from} does not run them:`, plan.others),
    ...section("overridden with --force, on record in the commit:", forced.flatMap(({ check, because }) => because.map((finding) => `${check}: ${finding}`))),
  ];
  return parts.join("\n");
}

function builtText(from: string, to: string, built: Plan["built"]): string {
  return `${to} builds ${built.map((key) => `berth:images.${key}`).join(" and ")} itself, as ${from} runs no such image: it has no backups (berth:postgres.backup).`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

function commitCount(histories: readonly History[], app: string): string {
  const { commits = [], unknown } = histories.find(({ name }) => name === app) ?? {};
  if (unknown !== undefined || commits.length === 0) return "";
  return commits.length === 1 ? "1 commit" : `${commits.length} commits`;
}

function migrationLines(histories: readonly History[]): string[] {
  return histories.flatMap(({ name, migrations, unknown }) => {
    if (migrations === undefined) return [`${name}: not known, as ${unknown}`];
    return migrations.added.map(({ name: file, compatible, undoable }) => {
      const why = compatible.mark === undefined ? "" : ` (marked: ${compatible.mark})`;
      return `${name}: ${file}, ${compatible.ok ? `compatible with what runs${why}` : "not compatible with what runs"}, ${undoable.ok ? "can be undone" : "cannot be undone"}`;
    });
  });
}

/** What to type next. */
export function nextSteps(to: string, base: string, branch: string, pushed: boolean, pull: PullRequest | undefined): string {
  if (pull !== undefined) return `${pull.created ? "Opened" : "Updated"} ${pull.url}\nOnce it is merged: ./berth up -s ${to}`;
  const merge = pushed ? `Open a pull request of ${branch} for ${base}, or merge it: git fetch origin && git switch ${base} && git merge --ff-only origin/${branch} && git push` : `See it: git show ${branch}. Merge it: git switch ${base} && git merge --ff-only ${branch}`;
  return `${merge}\nThen ./berth preview -s ${to}, and ./berth up -s ${to}`;
}

function digestOf({ target }: Pick<Promoted, "target">): string {
  return target.slice(target.indexOf("@") + 1);
}

/** As code, so that a subject can neither mention anybody nor be a table's or a comment's end. */
function code(text: string): string {
  return `\`${oneLine(text).replaceAll("`", "'")}\``;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
