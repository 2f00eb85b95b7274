import { ownImages, type OwnImage } from "../../config/settings/images.ts";
import { parseImage } from "../images/image-digests.ts";
import type { Running } from "./running.ts";
import { missingKeys, type StackValues } from "./stack-file.ts";
import { prefixOf } from "../../config/settings/registry.ts";

/** An image that is taken to the other stack. */
interface Taken {
  /** The application's, or the repository's of an image of Berth's own, for example `berth-tools`. */
  name: string;
  /** What runs in the stack that is promoted from, `repository@sha256:…`. */
  source: string;
  /** The same digest in the registry of the other stack. */
  target: string;
  /** Commit of the image, as it says; `-dirty` and missing ones are refused. */
  revision: string | undefined;
  /** What ran before there; undefined where it is new. */
  before: { image: string | undefined; revision: string | undefined } | undefined;
}

/** One application that gets another image. */
export interface Promoted extends Taken {
  /** Folder below apps/. */
  folder: string;
  /** Built from a git address. */
  remote: boolean;
}

/** An image of Berth's own: what other images borrow, or Postgres with pgBackRest. */
export interface PromotedOwn extends Taken {
  /** Its key below `berth:images`. */
  key: OwnImage;
  /** Built by the stack that is promoted from; else it was promoted there, and looked at then. */
  isBuilt: boolean;
}

export interface Plan {
  promoted: Promoted[];
  own: PromotedOwn[];
  /** Applications that have the same image already. */
  same: string[];
  /** Applications of the other stack alone, which stay as they are. */
  others: string[];
  /** Keys that the other stack's file lacks. */
  missing: string[];
  /** Keys of images of Berth's own that the other stack goes on building, as only its file has backups. */
  built: OwnImage[];
}

/** What is copied and named in the stack file: the applications' images, then Berth's own. */
export function takenIn({ promoted, own }: Pick<Plan, "promoted" | "own">): Taken[] {
  return [...promoted, ...own];
}

/** What a promotion changes: pure. `values` are those of the two stack files, `to` as the base branch has it. */
export function planOf(running: Running, there: Running, from: StackValues, to: StackValues): Plan {
  const plan: Plan = { promoted: [], own: [], same: [], others: [], missing: missingKeys(from.config, to.config), built: [] };
  const prefix = prefixOf(to.registry);
  for (const [name, image] of Object.entries(running.images)) {
    const { source, target } = placesOf(image, prefix, name);
    const given = to.apps[name];
    const revision = running.revisions[name] ?? from.apps[name]?.revision;
    if (given?.image !== undefined && withoutTag(given.image) === target && given.revision === revision) {
      plan.same.push(name);
      continue;
    }
    const before = given === undefined ? undefined : { image: there.images[name] ?? given.image, revision: there.revisions[name] ?? given.revision };
    plan.promoted.push({ name, folder: given?.folder ?? from.apps[name]?.folder ?? name, source, target, revision, remote: running.remote.has(name), before });
  }
  plan.others = Object.keys(to.apps).filter((name) => running.images[name] === undefined);
  for (const key of Object.keys(ownImages) as OwnImage[]) {
    const { [key]: runs } = running.own;
    const { [key]: given } = to.own;
    if (runs === undefined) {
      // A stack that has backups, and runs no image for snapshots, has nothing that they would be made of.
      if (to.hasBackups && given === undefined && !(key === "snapshots" && from.hasBackups)) plan.built.push(key);
      continue;
    }
    const name = parseImage(runs.image).repository.split("/").at(-1) ?? key;
    const { source, target } = placesOf(runs.image, prefix, name);
    if (given !== undefined && withoutTag(given) === target) continue;
    const image = there.own[key]?.image ?? given;
    const before = image === undefined ? undefined : { image, revision: there.own[key]?.revision };
    plan.own.push({ name, key, source, target, revision: runs.revision, isBuilt: runs.isBuilt, before });
  }
  return plan;
}

/** An image by digest, where it is and where the other stack pulls from. */
function placesOf(image: string, prefix: string, name: string): { source: string; target: string } {
  const { repository, digest } = parseImage(image);
  const source = `${repository}@${digest}`;
  return { source, target: repository.startsWith(`${prefix}/`) ? source : `${prefix}/${name}@${digest}` };
}

function withoutTag(image: string): string {
  const { repository, digest } = parseImage(image);
  return `${repository}@${digest}`;
}
