import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../command.ts";
import { check } from "./checks.ts";
import { sum, type Tally } from "./tally.ts";

/**
 * The tests of each application in Rust, in the stage `test` of its Dockerfile, so that no machine needs Rust and the
 * dependencies are compiled once, for the image and for its tests.
 */
export async function rustTests(context: Context): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const manifest of globSync("apps/*/Cargo.toml", { cwd: context.project.folder })) {
    const folder = join(context.project.folder, dirname(manifest));
    const app = basename(folder);
    // Without the filter the second run would find the result in the cache, and count no test.
    const stage = ["--target", "test", "--no-cache-filter", "test", "--build-context", `tests=${join(folder, "tests")}`];
    const build = ["docker", "buildx", "--builder", "default", "build", "--progress", "plain", ...stage, folder];
    // buildx tells everything on standard error.
    const args = ["-c", 'exec "$@" 2>&1', "sh", ...build];
    tallies.push(await check(`cargo test of ${app}`, context, "sh", args, (output) => cargoTally(app, output)));
  }
  return sum(tallies);
}

/** Cargo's own count, over each test binary; buildx begins each line with its step and time. */
export function cargoTally(app: string, output: string): Tally {
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  const lines = output.replace(/^#\d+ [\d.]+ /gm, "");
  for (const [, passed = "0"] of lines.matchAll(/^test result: ok\. (\d+) passed; 0 failed;/gm)) tally.passed += Number(passed);
  for (const [, name, reason = "no reason given"] of lines.matchAll(/^test (\S+) \.\.\. ignored(?:, (.+))?$/gm)) {
    tally.skipped.push({ name: `cargo test of ${app}: ${name}`, reason });
  }
  return tally;
}
