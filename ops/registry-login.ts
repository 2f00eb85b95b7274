import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loggedIn } from "../engine/build.ts";
import type { Login } from "./deployer.ts";

/**
 * Runs something that logs in to a registry as `docker` does. The login is in a folder of its own for that time, never
 * in the user's.
 *
 * @param address Host of the registry, with its port where it has one.
 * @param login Undefined where the registry needs none.
 */
export async function withLogin<Result>(
  address: string,
  login: Login | undefined,
  environment: NodeJS.ProcessEnv,
  use: (environment: NodeJS.ProcessEnv) => Promise<Result>,
): Promise<Result> {
  if (login === undefined) return use(environment);
  const folder = await mkdtemp(join(tmpdir(), "berth-"));
  try {
    return await use(await loggedIn(folder, environment, [{ address, ...login }]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
