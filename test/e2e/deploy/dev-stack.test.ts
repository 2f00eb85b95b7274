import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { prune } from "../images/prune.ts";
import { maintenance } from "../maintenance/maintenance.ts";
import { cis } from "../policy/cis.ts";
import { Project } from "../project.ts";
import { replicasOf } from "../replicas/replicas.ts";
import { exec } from "../sessions/exec.ts";
import { run } from "../sessions/run.ts";
import { follow, logLines, overSsh, servers } from "../sessions/sessions.ts";
import { answers } from "./answers.ts";
import { type DevStack, settings } from "./dev-stack.ts";
import { down } from "./down.ts";
import { hardened } from "./hardened.ts";
import { secrets } from "./secrets.ts";

let project: Project;
let stack: DevStack;
const given = () => stack;

before(async () => {
  project = await Project.create("stack");
  await project.configure(settings());
  let printed = "";
  for (const words of [["preview"], ["up"], ["preview", "--json"]]) {
    const { code, output } = await project.berth([...words, "-s", project.stack]);
    assert.equal(code, 0, output);
    printed += output;
  }
  const made = (await project.containers()).map(({ Id }) => Id);
  stack = { project, printed, made, second: await project.up() };
});
after(async () => project[Symbol.asyncDispose]());

describe("what up made", () => answers(given));
describe("its containers and networks", () => hardened(given));
describe("a secret", () => secrets(given));
describe("the CIS Docker Benchmark", () => cis(given));
describe("exec", () => exec(given));
describe("run", () => run(given));
describe("sessions", () => {
  servers(given);
  overSsh(given);
  logLines(given);
  follow(given);
});
describe("replicas", () => replicasOf(given));
describe("maintenance", () => maintenance(given));
describe("images", () => prune(given));
describe("down", () => down(given));
