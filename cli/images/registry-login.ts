import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loggedIn } from "../../docker/login.ts";
import type { Login } from "../deploy/registry-login.ts";

/**
 * Runs something that logs in to registries as `docker` does. The logins are in a folder of their own for that time, never
 * in the user's.
 *
 * @param logins By the registry's host, with its port where it has one. Where there is none, docker's own are used.
 */
export async function withLogins<Result>(
  logins: Record<string, Login | undefined>,
  environment: NodeJS.ProcessEnv,
  use: (environment: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Result> {
  const given = Object.entries(logins).flatMap(([address, login]) => (login === undefined ? [] : [{ address, ...login }]));
  if (given.length === 0) return use(environment);
  const folder = await mkdtemp(join(tmpdir(), "berth-"));
  // A second interruption ends this process at once.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    return await use(await loggedIn(folder, environment, given));
  } finally {
    process.off("exit", remove);
    remove();
  }
}
