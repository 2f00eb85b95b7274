import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../eventually.ts";
import type { Project } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

// Rust compiles its crates into the stage `dev` for minutes first (docs/systems.md says what was shown of it).
const all = {
  node: { file: "src/identity.ts", line: /"service-node"/, written: '"changed-node"' },
  python: { file: "service/__init__.py", line: /"service-python"/, written: '"changed-python"' },
  django: { file: "config/__init__.py", line: /"service-django"/, written: '"changed-django"' },
  go: { file: "main.go", line: /"service-go"/, written: '"changed-go"' },
};

/** By day one shows the way. */
const services = Object.fromEntries(Object.entries(all).filter(([name]) => name === "node" || leftToTheNight === false));

/** A stack of the services, each running from its source. */
export function liveIn(environment: string): (config: Record<string, unknown>) => void {
  return (config) => {
    config["berth:environment"] = environment;
    config["berth:secrets"] = "generate";
    config["berth:apps"] = Object.fromEntries(Object.keys(services).map((name) => [name, { folder: `services/${name}`, live: true, replicas: 1 }]));
    delete config["members:KEY"];
  };
}

async function serviceOf(project: Project, name: string): Promise<string> {
  const answer = await project.get("/health", name).catch((error: Error) => ({ status: 0, body: error.message }));
  return answer.status === 200 ? (JSON.parse(answer.body) as { service: string }).service : `${answer.status} ${answer.body}`;
}

/** Applications with `live: true`. */
export function live(given: () => Project): void {
  for (const [name, { file, line, written }] of Object.entries(services)) {
    test(`${name}: a changed line of its source is in the answer within seconds, without another up`, async (context) => {
      const project = given();
      assert.equal(await serviceOf(project, name), `service-${name}`);
      const [before] = (await project.containers("web")).filter(({ Labels }) => Labels["berth.app"] === name);
      const path = join("apps/services", name, file);
      const source = readFileSync(join(project.dir, path), "utf8");
      assert.match(source, line);
      const saved = performance.now();
      // As editors save: a new file in place of the old one.
      project.write(`${path}.new`, source.replace(line, written));
      renameSync(join(project.dir, `${path}.new`), join(project.dir, path));
      await eventually(`the answer of ${name} is the new one`, 60_000, async () => {
        const seen = await serviceOf(project, name);
        return seen === `changed-${name}` ? undefined : seen;
      });
      context.diagnostic(`${name}: ${((performance.now() - saved) / 1000).toFixed(1)} s from the saved file to the new answer`);
      const [now] = (await project.containers("web")).filter(({ Labels }) => Labels["berth.app"] === name);
      assert.equal(now?.Id, before?.Id, "another container");
    });
  }

  test("is refused where berth:environment is prod, and nothing changes", async () => {
    const project = given();
    await project.configure(liveIn("prod"));
    const { code, output } = await project.berth(["preview", "-s", project.stack]);
    assert.equal(code, 1, output);
    for (const name of Object.keys(services)) assert.match(output, new RegExp(`berth:apps\\.${name}\\.live in stack "${project.stack}" is true`));
    assert.match(output, /true only where berth:environment is dev/);
    assert.equal(await serviceOf(project, "node"), "changed-node");
  });
}
