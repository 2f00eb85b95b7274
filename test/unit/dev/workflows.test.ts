import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { before, describe, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { checkConfig } from "../../../config/config.ts";
import { loadDefinitions } from "../../../config/definitions.ts";
import { parseArguments } from "../../../cli/arguments.ts";
import { commands } from "../../../dev/commands.ts";
import { Project } from "../../../cli/project.ts";
import { ensureLinter, type Linter } from "../../../cli/setup/linters.ts";
import { rawConfig } from "../config/raw-config.ts";

/** A job that calls another workflow has no steps. */
function parsed(text: string): Workflow {
  const workflow = parse(text) as Workflow;
  for (const job of Object.values(workflow.jobs)) job.steps ??= [];
  return workflow;
}

const root = join(import.meta.dirname, "../../..");
const folder = ".github/workflows";
const read = (file: string) => readFileSync(join(root, folder, file), "utf8");
const files = globSync("*.yml", { cwd: join(root, folder) }).toSorted();

interface Job {
  if?: string;
  "runs-on": string;
  "timeout-minutes"?: number;
  environment?: string;
  needs?: string | string[];
  permissions?: Record<string, string>;
  env?: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress"?: boolean | string };
  /** Another workflow, in place of steps. */
  uses?: string;
  steps: { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress"?: boolean | string };
  jobs: Record<string, Job>;
}

/** One of our commands, with its result in a file or in the summary at most; or the release itself. */
const ourCommand = /^\.\/berth( ([\w./,:-]+|"\$[A-Z_]+"))+( >> "\$GITHUB_STEP_SUMMARY"| > \w+\.md)?$/;
const ownWorkflow = /^\.\/\.github\/workflows\/\w+\.yml$/;
const theRelease = 'gh release create "$GITHUB_REF_NAME" --verify-tag --notes-file notes.md';
/** The only condition by which a job of a pull request may have a secret or a right to write. */
const ownBranch = "vars.BERTH_PROD == 'on' && github.event.pull_request.head.repo.full_name == github.repository && github.event.pull_request.user.login != 'dependabot[bot]'";

/** Secrets that a team sets in its own stack file, as docs/production.md says: the committed one has none. */
const toBeSet: Record<string, string[]> = {
  prod: [
    ...["registryPassword", "backupKey", "s3Key", "s3Secret", "alertWebhook"].map((key) => `berth:${key}`),
    "root:ROOT_SECRET",
    "pcf:JWT_SECRET",
    "profiles:DJANGO_SECRET_KEY",
    ...["REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET", "DEEPL_API_KEY"].map((key) => `deliver:${key}`),
  ],
};

/** What the program refuses in a committed stack file, where the environment is that of a job. */
async function problemsOf(stack: string, environment: Record<string, string>) {
  const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
  const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const raw = { stack, values, isSecret: () => false, environment };
  return checkConfig(raw, await loadDefinitions(config["berth:apps"] as Record<string, unknown>)).problems;
}

/** The commands that push a branch, each by a token of its own. */
const pushing = { "./berth promote": "${{ secrets.BERTH_PROMOTE_TOKEN }}", "./berth images renew": "${{ secrets.BERTH_RENEW_TOKEN }}" };

/** What is wrong with a workflow, by our rules; actionlint and zizmor check more. */
function faults(text: string): string[] {
  const workflow = parsed(text);
  const found: string[] = [];
  for (const [, used = ""] of text.matchAll(/^\s*-?\s*uses:\s*(.+)$/gm)) {
    if (!ownWorkflow.test(used) && !/^actions\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used)) found.push(`not pinned by commit with its version, or not GitHub's own: ${used}`);
  }
  if (Object.keys(workflow.permissions ?? { all: "" }).length > 0) found.push("rights for all jobs");
  if (workflow.concurrency === undefined) found.push("no concurrency group");
  if ("pull_request_target" in workflow.on || "workflow_run" in workflow.on) found.push("runs a stranger's code with this repository's rights");
  const forPulls = "pull_request" in workflow.on;
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const secrets = JSON.stringify(job).includes("secrets.");
    const writes = Object.values(job.permissions ?? {}).includes("write");
    const changes = job.steps.flatMap(({ run }) => /^\.\/berth up -s (\w+)/.exec(run ?? "")?.[1] ?? []).filter((stack) => stack !== "ci" && stack !== "dev");
    if (job["timeout-minutes"] === undefined && job.uses === undefined) found.push(`${name}: no time limit`);
    if (job.permissions === undefined) found.push(`${name}: rights not named`);
    if (secrets && job.environment === undefined) found.push(`${name}: secrets outside an environment`);
    if (forPulls && (secrets || writes) && job.if !== ownBranch && !job.if?.startsWith("github.event_name != 'pull_request'")) found.push(`${name}: secrets or rights in a fork's run`);
    for (const stack of changes) {
      if (job.concurrency?.group !== `stack-${stack}` || job.concurrency["cancel-in-progress"] !== undefined) found.push(`${name}: more than one run may change ${stack}, or one is cut off`);
    }
    for (const { uses, run, with: inputs } of job.steps) {
      // By a token of its own: what the workflow's own pushes starts no workflow.
      const pushes = Object.entries(pushing).some(([command, token]) => inputs?.["token"] === token && job.steps.some(({ run: line }) => line?.startsWith(command) === true));
      if (uses?.startsWith("actions/checkout@") === true && inputs?.["persist-credentials"] !== pushes) found.push(`${name}: leaves its token in the checkout`);
      if (run !== undefined && !ourCommand.test(run) && run !== theRelease) found.push(`${name}: logic in a workflow: ${run}`);
    }
  }
  return found;
}

describe("the workflows", () => {
  test("are these", () => {
    assert.deepEqual(files, ["drift.yml", "nightly.yml", "preview.yml", "prod.yml", "promote.yml", "release.yml", "renew.yml", "staging.yml", "test.yml"]);
  });

  test("start at these events, and at no other", () => {
    const main = { branches: ["main"] };
    // YAML says null of an event without conditions.
    const wanted: Record<string, Workflow["on"]> = {
      "drift.yml": { schedule: [{ cron: "17 5 * * *" }], workflow_dispatch: null },
      "nightly.yml": { schedule: [{ cron: "43 1 * * *" }], workflow_dispatch: null },
      "preview.yml": { pull_request: null },
      "prod.yml": { push: { ...main, paths: ["Pulumi.prod.yaml"] }, workflow_dispatch: null },
      "promote.yml": { workflow_dispatch: null },
      "release.yml": { push: { tags: ["v*"] } },
      "renew.yml": { schedule: [{ cron: "23 4 * * 1" }], workflow_dispatch: null },
      "staging.yml": { push: main, workflow_dispatch: null },
      "test.yml": { pull_request: null, workflow_call: null, workflow_dispatch: null },
    };
    assert.deepEqual(Object.fromEntries(files.map((file) => [file, (parsed(read(file))).on])), wanted);
  });

  test("of a pull request run the tests, build without pushing, check sizes and scan on one runner, which compiles each application once", () => {
    const { jobs } = parsed(read("test.yml"));
    assert.deepEqual(Object.keys(jobs), ["test"]);
    assert.deepEqual(jobs["test"]?.steps.flatMap(({ run }) => run ?? []), ["./berth test", "./berth up -s dev", "./berth images sizes -s dev", "./berth scan -s dev"]);
    // `up` builds and puts images into the registry of the stack, which for dev is one of its own, on the runner.
    const { config } = parse(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, unknown> };
    assert.deepEqual(checkConfig(rawConfig({ values: { "berth:registry": config["berth:registry"] } }), {}).config?.registry, { port: 5555 });
    assert.deepEqual([jobs["test"]?.permissions, jobs["test"]?.env], [{ contents: "read" }, { BERTH_LAYERS_FROM: "ci" }], "no login to another registry, whose layers are read");
    const building = files.filter((file) => "pull_request" in parsed(read(file)).on && /berth (up|test)/.test(read(file)));
    assert.deepEqual(building, ["test.yml"]);
  });

  test("deploy to staging, and tag, what the tests of the same commit have passed", () => {
    const { jobs } = parsed(read("staging.yml"));
    assert.deepEqual([jobs["test"]?.uses, jobs["test"]?.if], ["./.github/workflows/test.yml", undefined]);
    for (const name of ["deploy", "push"]) assert.equal(jobs[name]?.needs, "test", name);
    assert.equal(jobs["push"]?.if, "vars.BERTH_STAGING != 'on' && github.ref == 'refs/heads/main'");
    assert.ok(jobs["push"]?.steps.some(({ run }) => run === "./berth push -s ci"));
  });

  test("keep layers in the registry between runs, where the stack's images are built", () => {
    for (const stack of ["ci", "staging"]) {
      const { config } = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, { cache?: boolean }> };
      assert.equal(config["berth:registry"]?.cache, true, stack);
    }
  });

  test("give each environment what it needs for its stack, and prod's passphrase to a pull request by an approval alone", () => {
    const environments = Object.fromEntries(files.flatMap((file) => Object.entries(parsed(read(file)).jobs).flatMap(([name, { environment }]) => (environment === undefined ? [] : [[`${basename(file, ".yml")}/${name}`, environment]]))));
    assert.deepEqual(environments, {
      "drift/drift": "drift",
      "preview/comment": "prod-preview",
      "prod/plan": "prod-plan",
      "prod/apply": "production",
      "promote/promote": "promotion",
      "renew/renew": "renewal",
      "staging/deploy": "staging",
    });
    const { jobs } = parsed(read("preview.yml"));
    assert.deepEqual([jobs["summary"]?.if, JSON.stringify(jobs["summary"]).includes("secrets.")], [undefined, false], "ci is previewed for each pull request, without a secret");
    const page = readFileSync(join(root, "docs/workflows.md"), "utf8");
    for (const name of Object.values(environments)) assert.match(page, new RegExp(`^\\| \`${name}\` \\|`, "m"), `docs/workflows.md says what ${name} reaches`);
  });

  test("push a promotion by a token of its own, so that the checks run on its branch", () => {
    const { jobs } = parsed(read("promote.yml"));
    const token = "${{ secrets.BERTH_PROMOTE_TOKEN }}";
    assert.equal(jobs["promote"]?.env?.["GITHUB_TOKEN"], token);
    assert.deepEqual(jobs["promote"]?.steps[0]?.with, { token, "persist-credentials": true, "fetch-depth": 0 });
  });

  test("renew digests by a token of its own as well, which is all that the job is given", () => {
    const { jobs } = parsed(read("renew.yml"));
    const token = "${{ secrets.BERTH_RENEW_TOKEN }}";
    const { if: when, env, permissions, steps } = jobs["renew"] ?? { steps: [] };
    assert.deepEqual([when, permissions, env?.["GITHUB_TOKEN"]], ["vars.BERTH_RENEW == 'on' && github.ref == 'refs/heads/main'", { contents: "read" }, token]);
    assert.deepEqual(steps[0]?.with, { token, "persist-credentials": true, "fetch-depth": 0 });
    assert.deepEqual([...new Set(read("renew.yml").match(/secrets\.\w+/g))], ["secrets.BERTH_RENEW_TOKEN"]);
  });

  test("of a tag v* check that the version has its changes, then build for both architectures, then release with those changes", () => {
    const { jobs } = parsed(read("release.yml"));
    const needs = Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, job.needs]));
    assert.deepEqual(needs, { notes: undefined, arm64: "notes", images: "arm64", release: "images" });
    assert.deepEqual(jobs["notes"]?.steps.at(-1)?.run, './berth notes "$GITHUB_REF_NAME" --on main', "a tag is of a commit that main has");
    assert.equal(jobs["notes"]?.steps[0]?.with?.["fetch-depth"], 0);
    const last = (job: string) => jobs[job]?.steps.at(-1)?.run;
    assert.deepEqual([jobs["arm64"]?.["runs-on"], last("arm64")], ["ubuntu-24.04-arm", "./berth push -s ci --part"]);
    assert.deepEqual([jobs["images"]?.["runs-on"], last("images")], ["ubuntu-24.04", "./berth push -s ci --platforms linux/amd64,linux/arm64"]);
    assert.deepEqual(jobs["release"]?.steps.flatMap(({ run }) => run ?? []), ['./berth notes "$GITHUB_REF_NAME" > notes.md', theRelease]);
  });

  for (const file of files) {
    test(`${file} runs our commands alone, with pinned actions, time limits, and no right or secret that it does not need`, () => {
      assert.deepEqual(faults(read(file)), []);
    });

    test(`${file}: the commands take these arguments, and each stack has a file`, async () => {
      const steps = Object.values((parsed(read(file))).jobs).flatMap((job) => job.steps.flatMap(({ run }) => run ?? []));
      for (const step of steps.filter((line) => line.startsWith("./berth"))) {
        const [, name = "", ...words] = step.replace(/ >>? .*$/, "").replaceAll(/"\$[A-Z_]+"/g, "12").split(" ");
        const { command } = await commands[name]!.load();
        const parsed = parseArguments({ name, options: command.options, positionals: command.positionals, rest: command.rest }, words);
        const stacks = [parsed.values["stack"] ?? [], name === "promote" ? parsed.positionals : []].flat();
        for (const stack of stacks) new Project(root).requireStack(stack);
      }
    });
  }

  for (const file of files) {
    test(`${file}: each stack that it previews or applies is right, with what the job is given`, async () => {
      for (const [name, { env, steps }] of Object.entries((parsed(read(file))).jobs)) {
        for (const { run = "", env: own } of steps) {
          const stack = /^\.\/berth (?:preview|up) -s (\w+)/.exec(run)?.[1];
          if (stack === undefined) continue;
          const problems = await problemsOf(stack, { ...env, ...own });
          assert.deepEqual(problems.filter(({ field }) => !toBeSet[stack]?.includes(field)), [], `${name}: ${run}`);
        }
      }
    });
  }

  test("lack no other secrets than those that a team sets in the stack file", async () => {
    for (const [stack, secrets] of Object.entries(toBeSet)) {
      const problems = await problemsOf(stack, {});
      assert.deepEqual(problems.map(({ field, value }) => `${field} is ${value}`).toSorted(), secrets.map((key) => `${key} is nothing`).toSorted(), stack);
    }
  });

  test("have the right to write only where it is needed", () => {
    const rights = files.flatMap((file) =>
      Object.entries((parsed(read(file))).jobs).flatMap(([name, job]) =>
        Object.entries(job.permissions ?? {}).flatMap(([right, level]) => (level === "write" ? [`${basename(file, ".yml")}/${name}: ${right}`] : [])),
      ),
    );
    assert.deepEqual(rights, [
      "preview/comment: pull-requests",
      "release/arm64: packages",
      "release/images: packages",
      "release/release: contents",
      "staging/deploy: packages",
      "staging/push: packages",
    ]);
  });

  test("say nothing of prod until the repository says that it is set up", () => {
    for (const [file, job] of [["preview.yml", "comment"], ["prod.yml", "plan"], ["drift.yml", "drift"]] as const) assert.match(parsed(read(file)).jobs[job]?.if ?? "", /^vars\.BERTH_PROD == 'on' && /, file);
  });

  test("change prod only by the plan that was shown, in the environment that asks for an approval", () => {
    const { jobs } = parsed(read("prod.yml"));
    assert.deepEqual([jobs["apply"]?.environment, jobs["apply"]?.needs, jobs["plan"]?.environment], ["production", "plan", "prod-plan"]);
    assert.deepEqual(jobs["apply"]?.concurrency, { group: "stack-prod" }, "what waits for its approval holds no update up");
    const runs = (job: string) => jobs[job]?.steps.flatMap(({ run }) => run ?? []);
    assert.deepEqual(runs("plan"), ['./berth preview -s prod --markdown --save-plan plan.json >> "$GITHUB_STEP_SUMMARY"']);
    assert.deepEqual(runs("apply")?.at(-1), "./berth up -s prod --plan plan.json");
    const others = files.filter((file) => file !== "prod.yml" && read(file).includes("berth up -s prod"));
    assert.deepEqual(others, []);
  });

  test("scan images and check their sizes before they are tagged", () => {
    for (const file of ["release.yml", "staging.yml"]) {
      for (const [name, { steps }] of Object.entries((parsed(read(file))).jobs)) {
        const lines = steps.flatMap(({ run }) => run ?? []);
        const pushed = lines.findIndex((line) => line.startsWith("./berth push"));
        if (pushed === -1) continue;
        for (const check of ["./berth images sizes", "./berth scan"]) {
          const checked = lines.findIndex((line) => line.startsWith(check));
          assert.ok(checked !== -1 && checked < pushed, `${file}: ${name} tags without ${check}`);
        }
      }
    }
  });
});

describe("a workflow is refused", () => {
  const images = read("test.yml").replace("./berth scan -s dev", "./berth push -s ci").replace("workflow_call:", "schedule: [{cron: '1 1 * * *'}]");
  const preview = read("preview.yml");
  const staging = read("staging.yml");
  const broken: [what: string, text: string, fault: RegExp][] = [
    ["with an action pinned by tag", images.replace(/checkout@.*$/m, "checkout@v7"), /not pinned/],
    ["with a commit without its version", images.replace(/ # v7.*$/m, ""), /not pinned/],
    ["with a stranger's action", images.replace("actions/checkout@", "acme/checkout@"), /not GitHub's own/],
    ["that keeps its token in the checkout", images.replace("persist-credentials: false", "fetch-depth: 0"), /token/],
    ["that keeps it though it may not push", read("promote.yml").replace(/ {10}token: .*\n/, ""), /token/],
    ["without a time limit", images.replace("timeout-minutes: 90", "continue-on-error: false"), /time limit/],
    ["with rights for all jobs", images.replace("permissions: {}", "permissions: {contents: write}"), /rights for all/],
    ["without a concurrency group", images.replace(/^concurrency:\n.*\n.*\n/m, ""), /concurrency/],
    ["that runs strangers' code with our rights", images.replace("workflow_dispatch:", "pull_request_target:"), /stranger/],
    ["that starts after a stranger's run, with our rights", images.replace("workflow_dispatch:", "workflow_run: {workflows: [test]}"), /stranger/],
    ["with a script of its own", images.replace("./berth push -s ci", "docker push ghcr.io/acme/root"), /logic/],
    ["with a second command in a step", images.replace("./berth push -s ci", "./berth push -s ci && env"), /logic/],
    ["with an expression in a command", images.replace("./berth push -s ci", "./berth push ${{ github.head_ref }}"), /logic/],
    ["that gives a fork's run a secret", preview.replace(/ {4}if: .* == github.repository && .*\n/, ""), /comment: secrets or rights in a fork's run/],
    ["that gives a fork's run a right", images.replace("contents: read", "contents: write"), /test: secrets or rights in a fork's run/],
    ["with secrets that no environment guards", staging.replace(/ {4}environment: .*\n/, ""), /outside an environment/],
    ["that may deploy twice at once", staging.replace("group: stack-staging", "group: staging-${{ github.sha }}"), /more than one run/],
    ["that may be cut off while it deploys", staging.replace("group: stack-staging", "group: stack-staging\n      cancel-in-progress: true"), /cut off/],
  ];
  for (const [what, text, fault] of broken) {
    test(what, () => {
      assert.ok(![images, preview, staging].includes(text), "nothing was broken");
      assert.match(faults(text).join("\n"), fault);
    });
  }
});

/** A checkout of nothing but the workflows, linted as `./berth test --only linters` does it: the exit code and what was said. */
async function lint(linter: Linter, options: string[], change: { file: string; text: string }): Promise<{ code: number; said: string }> {
  const tool = await ensureLinter(new Project(root), linter);
  assert.ok("path" in tool, "the linter was there before");
  const checkout = mkdtempSync(join(tmpdir(), "berth-lint-"));
  try {
    mkdirSync(join(checkout, ".git"));
    cpSync(join(root, ".github"), join(checkout, ".github"), { recursive: true });
    writeFileSync(join(checkout, folder, change.file), change.text);
    const run = promisify(execFile)(tool.path, [...options, ...files.map((file) => join(folder, file))], { cwd: checkout });
    return await run.then(({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }), (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, said: error.stdout + error.stderr }));
  } finally {
    rmSync(checkout, { recursive: true });
  }
}

describe("the linters", () => {
  const zizmor = ["--offline", "--no-progress"];
  let missing: string | undefined;
  before(async () => {
    for (const linter of ["zizmor", "actionlint"] as const) {
      const tool = await ensureLinter(new Project(root), linter);
      if ("reason" in tool) missing ??= `${linter}: ${tool.reason}`;
    }
  });

  test("find nothing in the workflows as they are", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const same = { file: "test.yml", text: read("test.yml") };
    assert.deepEqual([(await lint("zizmor", zizmor, same)).code, (await lint("actionlint", [], same)).code], [0, 0]);
  });

  test("are red for an action that is pinned by a tag, GitHub's own too", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const { code, said } = await lint("zizmor", zizmor, { file: "test.yml", text: read("test.yml").replace(/checkout@.*$/m, "checkout@v7.0.1") });
    assert.notEqual(code, 0);
    assert.match(said, /unpinned-uses/);
  });

  test("are red for an expression that a stranger can fill, and for a job that does not exist", async (context) => {
    if (missing !== undefined) return context.skip(missing);
    const injected = await lint("zizmor", zizmor, { file: "test.yml", text: read("test.yml").replace("./berth test", "echo ${{ github.head_ref }}") });
    assert.notEqual(injected.code, 0);
    assert.match(injected.said, /template-injection/);
    const lost = await lint("actionlint", [], { file: "release.yml", text: read("release.yml").replace("needs: arm64", "needs: amd65") });
    assert.notEqual(lost.code, 0);
    assert.match(lost.said, /amd65/);
  });
});
