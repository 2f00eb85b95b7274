import type { Outputs } from "./deployer.ts";
import { OpsError } from "./exit.ts";

/** `repository:tag@sha256:…` of each application that a stack runs, by name; empty before its first update. */
export function imagesIn(outputs: Outputs): Record<string, string> {
  return (outputs["imageDigests"]?.value ?? {}) as Record<string, string>;
}

/** `127.0.0.1:5555/root:tag@sha256:…` in its parts. */
export function parseImage(image: string): { repository: string; digest: string } {
  const [, repository, digest] = /^(.+?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (repository === undefined || digest === undefined) throw new OpsError(`the output imageDigests has "${image}", which is not <repository>[:<tag>]@sha256:<digest>`);
  return { repository, digest };
}
