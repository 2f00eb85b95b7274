import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Context } from "../../cli/command.ts";
import type { AppDefinition } from "../../components/index.ts";
import { check } from "./checks.ts";
import type { Watch } from "./node-tests.ts";
import { sum, type Tally } from "./tally.ts";

/**
 * The tests of each application, by the runner of its own language, in the stage `test` of its Dockerfile: no machine
 * needs the language, and the dependencies are fetched and compiled once, for the image and for its tests.
 *
 * @param careful Built as what is promoted is; else quickly, as the images of `dev` are.
 */
export async function appTests(context: Context, watch: Watch, careful: boolean): Promise<Tally> {
  const files = globSync("apps/**/Dockerfile", { cwd: context.project.folder })
    .toSorted()
    .filter((file) => /^FROM .* AS test$/im.test(readFileSync(join(context.project.folder, file), "utf8")));
  const tallies: Tally[] = [];
  const lane = async () => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) tallies.push(await timed(context, file, watch, careful));
  };
  // One compiles while the tests of the other wait for servers to start, to stop and to come back. With more of them tests
  // that bound a time failed, and the longest takes as long.
  await Promise.all([lane(), lane()]);
  return sum(tallies);
}

async function timed(context: Context, file: string, watch: Watch, careful: boolean): Promise<Tally> {
  const started = performance.now();
  const tally = await testsOf(context, dirname(file), careful);
  watch.file(file, performance.now() - started);
  return tally;
}

async function testsOf(context: Context, path: string, careful: boolean): Promise<Tally> {
  const folder = join(context.project.folder, path);
  const app = relative("apps", path);
  const { default: definition } = (await import(pathToFileURL(join(folder, "app.ts")).href)) as { default: AppDefinition };
  const args = Object.entries({ ...definition.buildArgs, ...(!careful && definition.quickArgs) }).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  // Without the filter the second run would find the result in the cache, and count no test.
  const stage = ["--target", "test", "--no-cache-filter", "test", "--build-context", `tests=${join(folder, "tests")}`];
  const build = ["docker", "buildx", "--builder", "default", "build", "--progress", "plain", ...stage, ...args, folder];
  // buildx tells everything on standard error.
  return check(`tests of ${app}`, context, "sh", ["-c", 'exec "$@" 2>&1', "sh", ...build], (output) => countOf(app, output));
}

/**
 * What cargo, pytest, Node's runner or `go test -v` counted, over each of their runs; buildx begins each line with its
 * step and time. Output without a count is a failure: it would hide tests that did not run.
 */
export function countOf(app: string, output: string): Tally {
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  const lines = output.replace(/^#\d+ [\d.]+ /gm, "");
  const skip = (name: string, reason: string) => void tally.skipped.push({ name: `${app}: ${name}`, reason });
  const passed = [
    /^test result: ok\. (\d+) passed; 0 failed;/gm,
    /^=*\s*(?:\d+ deselected, )?(\d+) passed(?:, \d+ \w+)* in [\d.]+s/gm,
    /^(?:ℹ|#) pass (\d+)$/gm,
  ];
  for (const pattern of passed) for (const [, count = "0"] of lines.matchAll(pattern)) tally.passed += Number(count);
  tally.passed += [...lines.matchAll(/^--- PASS: /gm)].length;
  for (const [, name = "", reason = "no reason given"] of lines.matchAll(/^test (\S+) \.\.\. ignored(?:, (.+))?$/gm)) skip(name, reason);
  for (const [, reason = "", name = ""] of lines.matchAll(/^SKIPPED \[\d+\] ([^:]+:\d+): (.+)$/gm)) skip(name, reason);
  for (const [, name = ""] of lines.matchAll(/^--- SKIP: (\S+)/gm)) skip(name, "skipped by the test");
  if (tally.passed === 0) tally.failed.push({ name: `tests of ${app}`, detail: `no test was counted in:\n${lines.slice(-4000)}` });
  return tally;
}
