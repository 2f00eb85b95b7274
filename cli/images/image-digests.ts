import type { OwnImage } from "../../config/settings/images.ts";
import type { Outputs } from "../deploy/stack-state.ts";
import { OpsError } from "../exit.ts";

/** `repository:tag@sha256:…` of each application that a stack runs, by name; empty before its first update. */
export function imagesIn(outputs: Outputs): Record<string, string> {
  return (outputs["imageDigests"]?.value ?? {}) as Record<string, string>;
}

/** `repository:tag@sha256:…` of those images of Berth's own that a stack runs. */
export function ownImagesIn(outputs: Outputs): Partial<Record<OwnImage, string>> {
  return outputs["ownImages"]?.value ?? {};
}

/** `127.0.0.1:5555/root:tag@sha256:…` in its parts. */
export function parseImage(image: string): { repository: string; digest: string } {
  const [, repository, digest] = /^(.+?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (repository === undefined || digest === undefined) throw new OpsError(`an output of the stack has the image "${image}", which is not <repository>[:<tag>]@sha256:<digest>`);
  return { repository, digest };
}
