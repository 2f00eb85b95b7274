import { createHash } from "node:crypto";
import { execa } from "execa";
import type { Login } from "../deploy/registry-login.ts";
import { messageOf, OpsError } from "../exit.ts";
import { withLogins } from "../images/registry-login.ts";

export interface CopyOptions {
  /** `repository@sha256:…`. */
  source: string;
  /** `repository@sha256:…` of the same digest. */
  target: string;
  /** Tag that the copy gets, so that a registry does not take it for litter. */
  tag: string;
  /** By the registry's address; where there is none, docker's own logins are used. */
  logins: Record<string, Login | undefined>;
  environment: NodeJS.ProcessEnv;
}

/**
 * Copies an image from one registry to another by its digest, all of its platforms; nothing is built, and nothing is
 * kept on this machine. What the other registry has then is read and its digest computed anew.
 *
 * @returns False where it was there already.
 * @throws OpsError where it can't be copied, or the digest is another.
 */
export async function copyImage({ source, target, tag, logins, environment }: CopyOptions): Promise<boolean> {
  return withLogins(logins, environment, async (env) => {
    if (await isThere(target, env).catch(() => false)) return false;
    const tagged = `${target.slice(0, target.indexOf("@"))}:${tag}`;
    try {
      await execa("docker", ["buildx", "imagetools", "create", "--tag", tagged, source], { env, extendEnv: false });
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim() ?? messageOf(error);
      throw new OpsError(`${source} could not be copied to ${tagged}: ${said}\nWhere the registry asks for a login: docker login ${target.split("/")[0]}, or BERTH_REGISTRY_PASSWORD with berth:registry.username of the stack.`);
    }
    if (!(await isThere(target, env))) throw new OpsError(`${target} is not what was copied: its digest is another. Nothing was committed`);
    return true;
  });
}

/** Whether the registry has the digest, by the bytes that it gives. @throws where it has not. */
async function isThere(reference: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const { stdout } = await execa("docker", ["buildx", "imagetools", "inspect", "--raw", reference], { env, extendEnv: false, encoding: "buffer" });
  return reference.endsWith(`@sha256:${createHash("sha256").update(stdout).digest("hex")}`);
}
