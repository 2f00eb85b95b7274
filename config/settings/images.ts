import type { z } from "zod";
import { type ImageRole, imageRoles } from "../../components/docker/platform.ts";
import lock from "../images.lock.json" with { type: "json" };
import { builtImage, group, text } from "./values.ts";

const image = text(
  /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][\w.-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
  "an image with a tag or a digest, for example postgres:17-trixie or name@sha256:…",
);

export const images = group({
  ...(Object.fromEntries(imageRoles.map((role) => [role, image.optional()])) as Record<ImageRole, z.ZodOptional<typeof image>>),
  tools: builtImage("ghcr.io/acme/berth-tools").optional().describe("Programs for images that lack them, by digest, as promote writes it; then it is not built. Default: built from images/tools."),
  postgresBackup: builtImage("ghcr.io/acme/berth-postgres").optional().describe("Postgres with pgBackRest, by digest, as promote writes it; then it is not built. Default: built from images/postgres on berth:images.postgres."),
  snapshots: builtImage("ghcr.io/acme/berth-snapshots").optional().describe("Redis with restic, by digest, as promote writes it; then it is not built. Default: built from images/snapshots on berth:images.redis."),
})
  .prefault({})
  .describe("Images other than those of images.lock.json, and those of Berth's own that were built before.");

/** Images that Berth builds itself where the stack file has no digest of them, and the folder of each. */
export const ownImages = { tools: "images/tools", postgresBackup: "images/postgres", snapshots: "images/snapshots" } as const;
export type OwnImage = keyof typeof ownImages;

/** The image of each part: that of the stack file, else that of images.lock.json. */
export function platformImages(given: Partial<Record<ImageRole, string | undefined>>): Record<ImageRole, string> {
  return Object.fromEntries(imageRoles.map((role) => [role, given[role] ?? lock[role]])) as Record<ImageRole, string>;
}
