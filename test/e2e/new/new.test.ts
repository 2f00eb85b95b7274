import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { templates } from "../../../cli/new/template.ts";
import { live, liveIn } from "../app/live.ts";
import { engine, Project, type UpResult } from "../project.ts";
import { fromTemplates, leftOut } from "./templates.ts";

// One stack for the whole file: the services from their source, and an application from each template beside them.
let project: Project;
let result: UpResult;

before(async () => {
  project = await Project.create("new");
  await project.configure(liveIn("dev"));
  for (const template of templates.filter((name) => leftOut(name) === false)) {
    const run = await project.berth(["new", `my-${template}`, "--template", template, "-s", project.stack]);
    assert.equal(run.code, 0, run.output);
  }
  result = await project.up();
});
after(async () => project[Symbol.asyncDispose]());

describe("an application from a template", () => fromTemplates(() => ({ project, result })));
describe(`an application with live: true, applied by the ${engine} engine`, () => live(() => project));
