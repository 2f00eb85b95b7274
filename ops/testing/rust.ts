import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../command.ts";
import { check } from "./checks.ts";
import { type Tally, sum } from "./tally.ts";

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
    tallies.push(await check(`cargo test of ${app}`, context, "docker", args));
  }
  return sum(tallies);
}
