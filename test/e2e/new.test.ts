import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { templates } from "../../ops/new/template.ts";
import { Project, type UpResult } from "./project.ts";

/** Why a template is left out: its folder is missing, or compiling Rust's dependencies takes minutes. */
function leftOut(template: string): string | false {
  if (!existsSync(join(import.meta.dirname, "../../apps/services", template, "app.ts"))) return `apps/services/${template} is missing`;
  return template === "rust" && !process.env["BERTH_TEST_SLOW"] ? "its dependencies compile for minutes; BERTH_TEST_SLOW=1 runs it" : false;
}

let project: Project;
let result: UpResult;
const stackFile = () => readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8");

before(async () => {
  project = await Project.create("new");
  await project.configure((config) => {
    config["berth:secrets"] = "generate";
    config["berth:apps"] = {};
    delete config["root:ROOT_SECRET"];
  });
  for (const template of templates.filter((name) => leftOut(name) === false)) {
    const run = await project.berth(["new", `my-${template}`, "--template", template, "-s", project.stack]);
    assert.equal(run.code, 0, run.output);
  }
  result = await project.up();
});
after(async () => project[Symbol.asyncDispose]());

describe("an application from a template", () => {
  for (const template of templates) {
    test(`${template}: runs at once, healthy, and answers where it serves`, { skip: leftOut(template) }, async () => {
      const name = `my-${template}`;
      const containers = (await project.containers()).filter(({ Labels }) => Labels["berth.app"] === name && /^(web|worker)$/.test(Labels["berth.role"] ?? ""));
      assert.ok(containers.length > 0);
      for (const { State, Status } of containers) assert.match(`${State} ${Status}`, /^running .*\(healthy\)/);
      if (result.addresses[name] === undefined) return;
      const health = await project.get("/health", name);
      assert.equal(health.status, 200, health.body);
      assert.match(health.body, new RegExp(`"service": ?"${name}"`));
    });
  }
});

test("redis is an application's user, who has its own keys alone; psql its role", async () => {
  const redis = (...words: string[]) => project.berth(["redis", "my-node", "-s", project.stack, "--", ...words]);
  assert.equal((await redis("acl", "whoami")).stdout.trim(), "my-node");
  assert.equal((await redis("set", "my-node:greeting", "hello")).stdout.trim(), "OK");
  assert.match((await redis("set", "other:greeting", "hello")).output, /NOPERM/);
  const psql = await project.berth(["psql", "my-node", "-s", project.stack, "--", "-Atc", "select current_user"]);
  assert.equal(psql.stdout.trim(), "my-node", psql.output);
});

test("the second up changes nothing", async () => assert.deepEqual((await project.up()).changes, {}));

test("new asks on a terminal, again after a wrong answer; without one it names what is missing and writes nothing", async () => {
  const asked = await onTerminal(["new", "-s", project.stack], ["postgres", "asked", "cobol", "worker"]);
  assert.equal(asked.code, 0, asked.text);
  assert.match(asked.text, /"postgres" is taken by a part of every stack/);
  assert.match(asked.text, /"cobol" is none of node, python/);
  const { config } = parse(stackFile()) as { config: { "berth:apps": Record<string, unknown> } };
  assert.deepEqual(config["berth:apps"]["asked"], {});
  assert.ok(existsSync(join(project.dir, "apps", "asked", "app.ts")));

  const text = stackFile();
  for (const [args, message] of [
    [["new"], /the name of the application is missing, and there is nobody to ask: add it as an argument/],
    [["new", "other"], /add --template node\|python/],
    [["new", "asked", "--template", "go"], /apps\/asked exists already/],
    [["new", "other", "--template", "cobol"], /--template is "cobol", but must be one of node, python/],
  ] as const) {
    const run = await project.berth([...args, "-s", project.stack]);
    assert.equal(run.code, 2);
    assert.match(run.output, message);
  }
  assert.equal(stackFile(), text);
  assert.ok(!existsSync(join(project.dir, "apps", "other")));
});

/** Types each answer when a question has come. */
function onTerminal(args: string[], answers: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn("script", ["-qec", `./berth ${args.join(" ")}`, "/dev/null"], { cwd: project.dir, env: { ...project.environment, TERM: "xterm" } });
  let text = "";
  let asked = 0;
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    const questions = text.match(/(name of the application|template \([^)]*\)): /g)?.length ?? 0;
    for (; asked < questions; asked++) child.stdin.write(`${answers[asked] ?? ""}\n`);
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, text }));
  });
}
