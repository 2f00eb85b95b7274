import { execa } from "execa";
import type { Context } from "../command.ts";
import { OpsError } from "../exit.ts";
import { Progress } from "../progress.ts";

const pin = /@sha256:[0-9a-f]{64}$/;

/** `redis:8.0@sha256:…` without the digest. */
export function tagOf(reference: string): string {
  return reference.replace(pin, "");
}

/**
 * The digest that each tag has in its registry now, by reference: `redis:8.0@sha256:…` for `redis:8.0`, with a digest or none.
 *
 * @param kept What stays as it is where one can't be had, for the message.
 * @throws OpsError where one can't be had: what is half new would be of no known moment.
 */
export async function newestDigests({ terminal, environment }: Context, references: readonly string[], kept: string): Promise<Map<string, string>> {
  const report = new Progress(terminal);
  const entries = await Promise.allSettled(
    [...new Set(references)].map(async (reference) => {
      const tag = tagOf(reference);
      const step = report.step(tag);
      try {
        const { stdout } = await execa("docker", ["buildx", "imagetools", "inspect", tag, "--format", "{{.Manifest.Digest}}"], { env: environment, extendEnv: false, timeout: 30_000 });
        step.done(`${tag} is ${stdout}`);
        return [reference, `${tag}@${stdout}`] as const;
      } catch (error) {
        step.fail(`${tag}: ${(error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error)}`);
        throw error;
      }
    }),
  );
  const resolved = entries.flatMap((entry) => (entry.status === "fulfilled" ? [entry.value] : []));
  if (resolved.length < entries.length) throw new OpsError(`${entries.length - resolved.length} of ${entries.length} digests could not be had, so ${kept} as it is`);
  return new Map(resolved);
}
