import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ReleaseArgs } from "../components/index.ts";
import { imageLabels, revisionLabel } from "./image-labels.ts";
import { releaseOrigin } from "./release-origin.ts";
import { isSecretKey } from "./secret-key.ts";

interface Released {
  name: string;
  image?: string | undefined;
  revision?: string | undefined;
  definition: { context: string };
}

/** What a release records beside its images: the configuration, and where it came from. */
export function releaseFacts(apps: readonly Released[]): Omit<ReleaseArgs, "images"> {
  const entries = Object.entries(pulumi.runtime.allConfig());
  return {
    config: Object.fromEntries(entries.filter(([key]) => !isSecretKey(key))),
    secrets: Object.fromEntries(entries.filter(([key]) => isSecretKey(key))),
    purge: (process.env["BERTH_PURGE_SECRETS"] ?? "").split(",").filter((key) => key !== ""),
    origin: () => ({
      ...releaseOrigin(join(import.meta.dirname, ".."), process.env),
      revisions: revisionsOf(apps),
      ...noteOf(process.env["BERTH_RELEASE_NOTE"]),
    }),
  };
}

/** The commit of each application's image: as the stack file says of one that was built before, else of its folder. */
function revisionsOf(apps: readonly Released[]): Record<string, string> {
  return Object.fromEntries(
    apps.flatMap(({ name, image, revision, definition }) => {
      const commit = image === undefined ? imageLabels(definition.context)[revisionLabel] : revision;
      return commit === undefined ? [] : [[name, commit]];
    }),
  );
}

function noteOf(note: string | undefined): { note?: string } {
  return note === undefined || note === "" ? {} : { note };
}
