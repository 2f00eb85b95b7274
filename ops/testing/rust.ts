import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../command.ts";
import { check } from "./checks.ts";
import { sum, type Tally } from "./tally.ts";

/**
 * The tests of each application in Rust, in the image that builds it, so that no machine needs Rust. Compiled
 * dependencies are kept in a volume from run to run.
 */
export async function rustTests(context: Context, image: string): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const manifest of globSync("apps/*/Cargo.toml", { cwd: context.project.folder })) {
    const folder = join(context.project.folder, dirname(manifest));
    const app = basename(folder);
    const mounts = [`${folder}:/build:ro`, `berth-test-${app}-target:/target`, "berth-test-cargo:/cargo"].flatMap((volume) => ["--volume", volume]);
    const variables = ["CARGO_TARGET_DIR=/target", "CARGO_HOME=/cargo", "CARGO_TERM_COLOR=never"].flatMap((variable) => ["--env", variable]);
    const args = ["run", "--rm", "--workdir", "/build", ...mounts, ...variables, image, "cargo", "test", "--locked"];
    tallies.push(await check(`cargo test of ${app}`, context, "docker", args, (output) => cargoTally(app, output)));
  }
  return sum(tallies);
}

/** Cargo's own count, over each test binary. */
export function cargoTally(app: string, output: string): Tally {
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  for (const [, passed = "0"] of output.matchAll(/^test result: ok\. (\d+) passed; 0 failed;/gm)) tally.passed += Number(passed);
  for (const [, name, reason = "no reason given"] of output.matchAll(/^test (\S+) \.\.\. ignored(?:, (.+))?$/gm)) {
    tally.skipped.push({ name: `cargo test of ${app}: ${name}`, reason });
  }
  return tally;
}
