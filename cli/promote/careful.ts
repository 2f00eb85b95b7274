import { quickLabel } from "../../config/image-labels.ts";
import { refusedError } from "../exit.ts";
import type { Side } from "./running.ts";

/**
 * Sees that no image was built quickly (`berth:builds: quick`), as the images themselves say. No `--force` goes over it:
 * what is promoted is built with care.
 *
 * @param images `repository:tag@sha256:…` by application, each on the stack's Docker host.
 * @throws OpsError (6) naming those that were.
 */
export async function requireCareful({ stack, docker }: Pick<Side, "stack" | "docker">, to: string, images: Record<string, string>): Promise<void> {
  const labels = await Promise.all(Object.values(images).map(async (image) => (await docker.getImage(image).inspect()).Config.Labels ?? {}));
  const quick = Object.keys(images).filter((_, index) => labels[index]?.[quickLabel.name] === quickLabel.value);
  if (quick.length === 0) return;
  throw refusedError(
    [
      `${stack} is not promoted to ${to}: nothing was copied, committed or pushed.`,
      `Built quickly, as berth:builds of stack "${stack}" says or said, and so never promoted: ${quick.join(", ")}`,
      `To go on: take berth:builds out of Pulumi.${stack}.yaml, then ./berth up -s ${stack}`,
    ].join("\n"),
  );
}
