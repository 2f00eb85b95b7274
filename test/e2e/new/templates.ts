import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { parse } from "yaml";
import { templates } from "../../../cli/new/template.ts";
import type { Project, UpResult } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

/** A stack with `my-<template>` of each template that is not left out. */
export interface Given {
  project: Project;
  result: UpResult;
}

/** Why a template is left out: its folder is missing, or the night has it. By day one shows the way. */
export function leftOut(template: string): string | false {
  if (!existsSync(join(import.meta.dirname, "../../../apps/services", template, "app.ts"))) return `apps/services/${template} is missing`;
  return template !== "node" && leftToTheNight;
}

const stackFile = ({ dir, stack }: Project) => readFileSync(join(dir, `Pulumi.${stack}.yaml`), "utf8");

/** Applications that `berth new` made. */
export function fromTemplates(given: () => Given): void {
  for (const template of templates) {
    test(`${template}: runs at once, healthy, and answers where it serves`, { skip: leftOut(template) }, async () => {
      const { project, result } = given();
      const name = `my-${template}`;
      const containers = (await project.containers()).filter(({ Labels }) => Labels["berth.app"] === name && /^(web|worker)$/.test(Labels["berth.role"] ?? ""));
      assert.ok(containers.length > 0);
      for (const { State, Status } of containers) assert.match(`${State} ${Status}`, /^running .*\(healthy\)/);
      if (result.addresses[name] === undefined) return;
      const health = await project.get("/health", name);
      assert.equal(health.status, 200, health.body);
      assert.match(health.body, new RegExp(`"service": ?"${name}"`));
      const page = await project.get("/", name);
      assert.deepEqual([page.status, page.headers["content-type"]?.split(";")[0]], [200, "text/html"]);
      assert.ok(page.body.includes(`<h1>${name}</h1>`), page.body);
    });
  }

  test("redis is an application's user, who has its own keys alone; psql its role", async () => {
    const { project } = given();
    const redis = (...words: string[]) => project.berth(["redis", "my-node", "-s", project.stack, "--", ...words]);
    assert.equal((await redis("acl", "whoami")).stdout.trim(), "my-node");
    assert.equal((await redis("set", "my-node:greeting", "hello")).stdout.trim(), "OK");
    assert.match((await redis("set", "other:greeting", "hello")).output, /NOPERM/);
    const psql = await project.berth(["psql", "my-node", "-s", project.stack, "--", "-Atc", "select current_user"]);
    assert.equal(psql.stdout.trim(), "my-node", psql.output);
  });

  test("the second up changes nothing", async () => assert.deepEqual((await given().project.up()).changes, {}));

  test("new asks on a terminal, again after a wrong answer; without one it names what is missing and writes nothing", async () => {
    const { project } = given();
    // A wrong answer stays to be mended; Ctrl-U takes it away.
    const asked = await onTerminal(project, ["new", "-s", project.stack], [
      ["name of the application:", "postgres\r"],
      ['"postgres" is taken by a part of every stack', "\u0015asked\r"],
      ["template (", "cobol\r"],
      ['"cobol" is none of node, python', "\u0015worker\r"],
    ]);
    assert.equal(asked.code, 0, asked.text);
    const { config } = parse(stackFile(project)) as { config: { "berth:apps": Record<string, unknown> } };
    assert.deepEqual(config["berth:apps"]["asked"], {});
    assert.ok(existsSync(join(project.dir, "apps", "asked", "app.ts")));

    const text = stackFile(project);
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
    assert.equal(stackFile(project), text);
    assert.ok(!existsSync(join(project.dir, "apps", "other")));
  });
}

/** Types each answer when what it answers is shown. A command that shows something else is ended with this test's time. */
function onTerminal(project: Project, args: string[], answers: [shown: string, typed: string][]): Promise<{ code: number | null; text: string }> {
  const child = spawn("script", ["-qec", `./berth ${args.join(" ")}`, "/dev/null"], { cwd: project.dir, env: { ...project.environment, TERM: "xterm" } });
  let text = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    const [shown, typed] = answers[0] ?? [];
    if (shown === undefined || !stripVTControlCharacters(text.slice(seen)).includes(shown)) return;
    answers.shift();
    seen = text.length;
    child.stdin.write(typed);
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, text }));
  });
}
