import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import type { Server } from "node:http";
import { after, before, describe } from "node:test";
import { builtImages } from "../images/built.ts";
import { init } from "../init/init.ts";
import { takeOver } from "../init/taken.ts";
import { Project } from "../project.ts";
import { schedules } from "../schedules/schedules.ts";
import { bounds } from "./bounds.ts";
import { configureKinds, type Kinds, writeKinds } from "./kinds.ts";
import { unprepared } from "./unprepared.ts";
import { workers } from "./worker.ts";

// One stack for the whole file: each test goes on from where the last one left it.
let project: Project;
let repository: Server;
let kinds: Kinds;
const given = () => kinds;

before(async () => {
  project = await Project.create("kinds");
  repository = await writeKinds(project);
  const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { encoding: "utf8" }).trim();
  git("init", "-q", "-b", "main");
  git("add", "apps/services/go");
  git("commit", "-q", "-m", "first");
  await configureKinds(project, "1");
  const taken = await takeOver(project);
  const { code, output } = await project.berth(["preview", "-s", project.stack]);
  assert.equal(code, 0, output);
  const { outputs } = await project.up();
  const digest = outputs.imageDigests["service-go"]?.split("@")[1] ?? "";
  kinds = { project, printed: output, digest, commit: git("rev-parse", "HEAD"), taken };
});
after(async () => {
  repository?.close();
  if (kinds !== undefined) rmSync(kinds.taken.repository, { recursive: true });
  await project[Symbol.asyncDispose]();
});

describe("an image that nobody prepared", () => unprepared(given));
describe("a schedule", () => schedules(given));
describe("an application that init took over", () => init(given));
describe("images", () => builtImages(given));
describe("bounds", () => bounds(given));
describe("a worker with a volume", () => workers(given));
