import { createHash } from "node:crypto";
import { cpSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const root = join(import.meta.dirname, "../../..");
const parts = ["cli", "components", "config", "dev", "docker", "engine", "policy", "pulumi", "standins", "package.json", "Pulumi.yaml"];

export interface ProgramCopy {
  folder: string;
  /** Of `./berth`, at `dev/main.ts` of the folder. */
  main: string;
  /** What it needs, and nothing of this process: its home is the folder. */
  environment: NodeJS.ProcessEnv;
}

/**
 * A copy of the program without stacks and applications, for tests that run `./berth` on stack files of their own. It goes
 * when the tests of the file have ended. Its path is the same in each run of this checkout: by it the compile cache knows
 * the files again.
 *
 * @param name Of the test file that takes it, for the folder's name
 */
export function programCopy(name: string): ProgramCopy {
  const folder = join(tmpdir(), `berth-${name}-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  after(() => rmSync(folder, { recursive: true }));
  for (const path of parts) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, main: join(folder, "dev/main.ts"), environment: { PATH: process.env["PATH"], HOME: folder, NODE_COMPILE_CACHE: join(root, ".berth/cache/node"), PULUMI_CONFIG_PASSPHRASE: "test" } };
}
