import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { chooseDeployer } from "../../../cli/deploy/choose-engine.ts";
import type { Deployer } from "../../../cli/deploy/deployer.ts";
import { nameOf, realResources } from "../../../cli/deploy/stack-state.ts";
import { silent } from "../../../cli/progress.ts";
import { Project as OpsProject } from "../../../cli/project.ts";
import { types } from "../../../pulumi/resource-types.ts";
import { eventually } from "../eventually.ts";
import { docker, freePort, Project, type Run } from "../project.ts";

/**
 * A dev stack and a prod stack on one Docker Engine, and a bare repository as origin. Prod's registry is the dev
 * stack's under another account, so images are copied. What this does not prove: registries on two machines. How
 * migrations are judged and marked: test/unit/migrations-*.test.ts.
 */
const app = "service-node";
type Told = { target: string; source: string; copied: boolean; revision: string };
let project: Project;
let origin = "";
let prod = "";
let prodFile = "";
const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, ...args], { encoding: "utf8" }).trim();
const promote = async (...args: string[]): Promise<Run> => {
  await wellAgain();
  return project.berth(["promote", project.stack, prod, "--healthy-for", "0s", ...args]);
};
const commit = (message: string): string => {
  git("add", "-A");
  git("commit", "-qm", message);
  return git("rev-parse", "HEAD");
};
const branches = () => git("ls-remote", "--heads", "origin").split("\n").map((line) => line.split("refs/heads/")[1] ?? "");
const checkoutNow = () => ({ head: git("rev-parse", "HEAD"), branch: git("branch", "--show-current"), status: git("status", "--porcelain"), index: git("ls-files", "--stage") });
const promotedFile = (ref: string) => execFileSync("git", ["-C", project.dir, "show", `${ref}:${prodFile}`], { encoding: "utf8" });
const configOf = (ref: string) => (parse(promotedFile(ref)) as { config: Record<string, Record<string, unknown>> }).config;

/** Of the dev stack. */
const configure = (builds = "careful") =>
  project.configure((config) => {
    config["berth:environment"] = "dev";
    config["berth:builds"] = builds;
    config["berth:secrets"] = "generate";
    config["berth:postgres"] = { backup: { target: "volume" } };
    config["berth:apps"] = { [app]: { folder: "services/node", memory: "128MiB", env: { LOG_LEVEL: "debug" } } };
    delete config["members:KEY"];
  });

before(async () => {
  project = await Project.create("promote");
  prod = `${project.stack}-prod`;
  prodFile = `Pulumi.${prod}.yaml`;
  project.edit("apps/services/node/app.ts", "  context: import.meta.dirname,\n", '  context: import.meta.dirname,\n  quickArgs: { SPEED: "high" },\n');
  await configure("quick");
  project.write(
    prodFile,
    `# What customers use.
config:
  berth:publish: { http: ${await freePort()} }
  berth:secrets: generate
  berth:postgres: { backup: { target: volume } }
  berth:registry: { host: 127.0.0.1:${project.registryPort}, owner: live, username: berth }
  berth:apps:
    # One is enough here.
    ${app}: { folder: services/node, memory: 128MiB } # in Node
`,
  );
  origin = mkdtempSync(join(tmpdir(), "berth-origin-"));
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", origin]);
  git("init", "-q", "-b", "main");
  appendFileSync(join(project.dir, ".git", "info", "exclude"), `node_modules\nPulumi.${project.stack}.yaml\n`);
  git("config", "user.name", "Ada");
  git("config", "user.email", "ada@example.com");
  git("remote", "add", "origin", origin);
  commit("first");
  git("push", "-q", "origin", "main");
  await project.up();
});
after(async () => {
  const filters = { label: [`berth.stack=${prod}`] };
  await Promise.all((await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const [networks, { Volumes }] = await Promise.all([docker.listNetworks({ filters }), docker.listVolumes({ filters })]);
  await Promise.all([...networks.map(({ Id }) => docker.getNetwork(Id).remove()), ...Volumes.map(({ Name }) => docker.getVolume(Name).remove())]);
  await project[Symbol.asyncDispose]();
  rmSync(origin, { recursive: true, force: true });
});

test("what was built quickly is promoted by no force", async () => {
  const run = await promote("--force", "healthy,source,drift,migrations");
  assert.equal(run.code, 6, run.output);
  assert.match(run.output, new RegExp(`Built quickly, .*: ${app}\nTo go on: take berth:builds out of Pulumi\\.${project.stack}\\.yaml, then \\./berth up -s ${project.stack}`));
  assert.deepEqual(branches(), ["main"]);
  await configure();
  await project.up();
});

describe("the first promotion", () => {
  test("is refused while the stack is young, and says how long to wait; nothing is left", async () => {
    const run = await project.berth(["promote", project.stack, prod, "--healthy-for", "1d"]);
    assert.equal(run.code, 6, run.output);
    assert.match(run.output, /healthy:\n(.*\n)*.*service-node-web-.* has run since \d+.* only, and must for /);
    assert.match(run.output, /To go on: wait for .*, or ask for less: --healthy-for\n {2}Or override it, on record: --force healthy/);
    assert.doesNotMatch(run.output, /source:|drift:|migrations:/);
    assert.deepEqual(branches(), ["main"]);
  });

  test("is a commit on a branch at origin, with the digest that runs, and touches nothing of the checkout", async () => {
    project.write("notes.txt", "not committed\n");
    const was = checkoutNow();
    const run = await promote("--json");
    assert.equal(run.code, 0, run.output);
    const told = JSON.parse(run.stdout) as { branch: string; commit: string; promoted: Told[]; own: (Told & { key: string })[] };
    const revision = git("log", "-1", "--format=%H", "--", "apps/services/node");
    assert.equal(told.branch, `promote/${prod}-${revision.slice(0, 7)}`);
    assert.deepEqual(checkoutNow(), was);
    rmSync(join(project.dir, "notes.txt"));

    const digest = (await runningImage(project.stack)).split("@")[1] ?? "";
    const image = `127.0.0.1:${project.registryPort}/live/${app}@${digest}`;
    assert.deepEqual(told.promoted.map(({ target, copied, revision }) => ({ target, copied, revision })), [{ target: image, copied: true, revision }]);
    const tip = git("ls-remote", "origin", `refs/heads/${told.branch}`).split("\t")[0] ?? "";
    assert.equal(tip, told.commit);
    assert.equal(git("rev-parse", `${tip}^`), git("rev-parse", "main"));
    assert.deepEqual(git("diff", "--name-only", "main", tip).split("\n"), [prodFile]);
    const own = { tools: `127.0.0.1:${project.registryPort}/live/berth-tools`, postgresBackup: `127.0.0.1:${project.registryPort}/live/berth-postgres`, snapshots: `127.0.0.1:${project.registryPort}/live/berth-snapshots` };
    assert.deepEqual(told.own.map(({ key, target, copied, revision: from }) => [key, target.split("@")[0], copied, from]), Object.entries(own).map(([key, repository]) => [key, repository, true, git("rev-parse", "main")]));
    assert.deepEqual(configOf(tip)["berth:apps"]?.[app], { folder: "services/node", memory: "128MiB", image, revision });
    assert.deepEqual(configOf(tip)["berth:images"], Object.fromEntries(told.own.map(({ key, target }) => [key, target])));
    for (const comment of ["# What customers use.", "# One is enough here.", "# in Node", "berth:publish: { http: "]) assert.ok(promotedFile(tip).includes(comment), comment);
    assert.equal(git("log", "-1", "--format=%an <%ae>", tip), "Ada <ada@example.com>");
    assert.equal(git("log", "-1", "--format=%(trailers)", tip), `Promoted-from: ${project.stack}\nHealthy-for: 0s`);
  });

  test("a second one of the same makes no other commit, and once it is merged there is nothing to promote", async () => {
    const before = git("ls-remote", "--heads", "origin");
    const again = await promote();
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /promote\/\S+ has this already/);
    assert.equal(git("ls-remote", "--heads", "origin"), before);
    const branch = branches().find((name) => name.startsWith("promote/")) ?? "";
    git("fetch", "-q", "origin");
    git("merge", "-q", "--ff-only", `origin/${branch}`);
    git("push", "-q", "origin", "main");
    const merged = await promote();
    assert.equal(merged.code, 0, merged.output);
    assert.match(merged.stdout, /There is nothing to promote: on branch main stack ".*-prod" has what runs in/);
  });

  test("is what prod runs then, Postgres too: the same digests, pulled; nothing at all is built for it", async () => {
    const run = await project.berth(["up", "-s", prod, "--json"], { environment: { BERTH_REGISTRY_PASSWORD: await password(project.stack) } });
    assert.equal(run.code, 0, run.output);
    for (const [labels, repository] of [[[`berth.app=${app}`, "berth.role=web"], app], [["berth.role=postgres"], "berth-postgres"]] as const) {
      const image = await runningImage(prod, labels);
      assert.match(image, new RegExp(`^127\\.0\\.0\\.1:${project.registryPort}/live/${repository}@sha256:`));
      assert.equal(image.split("@")[1], (await runningImage(project.stack, labels)).split("@")[1]);
    }
    const built = async (stack: string) => realResources(await (await deployerOf(stack)).state()).filter(({ type }) => type === types.built).map(({ urn }) => nameOf(urn));
    assert.deepEqual(await built(prod), []);
    assert.deepEqual((await built(project.stack)).toSorted(), ["postgres-backup-image", `${app}-image`, "snapshots-image", "tools-image"].toSorted());
    assert.equal(await password(prod), await password(project.stack), "the login is known without an image that was pushed");
  });
});

describe("the next one", () => {
  let revision = "";
  let web = "";

  test("is refused for what is not pushed, for drift and for a migration, each with how to go on", async () => {
    project.write("apps/services/node/migrations/0004_body.sql", "ALTER TABLE notes ALTER COLUMN body DROP DEFAULT;\n");
    revision = commit("feat: a body is given");
    await project.up();
    const [container] = await docker.listContainers({ filters: { label: [`berth.stack=${prod}`, `berth.app=${app}`, "berth.role=web"] } });
    web = container?.Id ?? "";
    await docker.getContainer(web).stop();
    project.write("apps/services/node/README.md", "changed since\n");
    const run = await promote();
    assert.equal(run.code, 6, run.output);
    assert.match(run.output, /is not promoted to .*: nothing was copied, committed or pushed/);
    assert.match(run.output, new RegExp(`source:\\n {2}- apps/services/node differs from ${revision.slice(0, 7)}, which runs: apps/services/node/README\\.md\\n {2}- the commit ${revision.slice(0, 7)} of ${app} is not on origin's branch main\\n {2}To go on: commit and push to main`));
    assert.match(run.output, /drift:\n {2}- container service-node-web-.*\n {2}To go on: \.\/berth drift -s/);
    assert.match(run.output, /migrations:\n {2}- apps\/services\/node\/migrations\/0004_body\.sql:1: drops the default of "body" of notes\n {2}To go on: .*berth: backward-compatible because/);
    assert.doesNotMatch(run.output, /healthy:/);
  });

  test("goes on with --force, which the commit and the pull request name", async () => {
    git("checkout", "-q", "--", "apps/services/node/README.md");
    git("push", "-q", "origin", "main");
    const wrong = await promote("--force", "drift,everything");
    assert.equal(wrong.code, 2, wrong.output);
    assert.match(wrong.output, /--force has "everything", but takes one or more of healthy, source, drift, migrations/);
    const part = await promote("--force", "drift");
    assert.equal(part.code, 6, part.output);
    assert.match(part.output, /migrations:/);
    assert.doesNotMatch(part.output, /drift:|source:/);

    const forge = await fakeForge();
    await wellAgain();
    const run = await project.berth(["promote", project.stack, prod, "--healthy-for", "0s", "--force", "drift,migrations,source"], { environment: forge.environment });
    await forge.close();
    assert.equal(run.code, 0, run.output);
    assert.match(run.output, /--force source was not needed/);
    assert.match(run.stdout, /overridden with --force, on record in the commit:\n {2}drift: container service-node-web/);
    assert.match(run.stdout, /service-node: 0004_body\.sql, not compatible with what runs, cannot be undone/);
    const branch = `promote/${prod}-${revision.slice(0, 7)}`;
    git("fetch", "-q", "origin", `${branch}:refs/remotes/origin/${branch}`);
    const trailers = git("log", "-1", "--format=%(trailers)", `origin/${branch}`).split("\n");
    assert.equal(trailers[0], `Promoted-from: ${project.stack}`);
    assert.equal(trailers[1], "Healthy-for: 0s");
    assert.match(trailers[2] ?? "", /^Forced: drift because container service-node-web-/);
    assert.match(trailers[3] ?? "", /^Forced: migrations because apps\/services\/node\/migrations\/0004_body\.sql:1: drops the default/);

    assert.match(run.stdout, /Opened https:\/\/github\.com\/acme\/berth\/pull\/7\nOnce it is merged: \.\/berth up -s/);
    assert.equal(forge.opened.length, 1);
    const { head, base, body } = forge.opened[0] ?? { head: "", base: "", body: "" };
    assert.deepEqual([head, base], [branch, "main"]);
    assert.match(body, /- `[0-9a-f]+ feat: a body is given`/);
    assert.match(body, /\*\*Overridden with `--force`:\*\*\n\n- drift: `container/);
  });
});

/** On a machine that has too much to do, health checks run out of time, and the promotion is refused as it should be. */
function wellAgain(): Promise<void> {
  return eventually("no container of the dev stack is unhealthy", 180_000, async () => {
    const sick = (await project.containers()).filter(({ State, Status }) => State === "running" && /\((unhealthy|health: starting)\)/.test(Status));
    return sick.length === 0 ? undefined : sick.map(({ Names, Status }) => `${Names.join()} ${Status}`).join("; ");
  });
}

/** What a container runs, of the application where no labels are given: `repository:tag@sha256:…`. */
async function runningImage(stack: string, labels: readonly string[] = [`berth.app=${app}`, "berth.role=web"]): Promise<string> {
  const [container] = await docker.listContainers({ filters: { label: [`berth.stack=${stack}`, ...labels] } });
  return (await docker.getContainer(container?.Id ?? "").inspect()).Config.Image;
}

/** The password of the dev stack's registry, which prod uses too. */
async function password(stack: string): Promise<string> {
  return (await (await deployerOf(stack)).login(`127.0.0.1:${project.registryPort}`))?.password ?? "";
}

async function deployerOf(stack: string): Promise<Deployer> {
  return (await chooseDeployer({ project: new OpsProject(project.dir), stack, environment: project.environment, report: silent, install: false })).deployer;
}

/** The two requests that opening a pull request takes; test/unit/cli/forge/forge.test.ts checks them against GitHub's description. */
async function fakeForge() {
  const opened: { head: string; base: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      if (request.method === "POST") opened.push(JSON.parse(text) as (typeof opened)[number]);
      response.end(JSON.stringify(request.method === "POST" ? { number: 7, html_url: "https://github.com/acme/berth/pull/7" } : []));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const environment = { GITHUB_TOKEN: "canary-forge-token", GITHUB_REPOSITORY: "acme/berth", GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  return { opened, environment, close: () => new Promise((resolve) => server.close(resolve)) };
}
