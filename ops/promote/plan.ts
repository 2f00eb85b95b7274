import { parseImage } from "../image-digests.ts";
import type { Running } from "./running.ts";
import { missingKeys, prefixOf, type StackValues } from "./stack-file.ts";

/** One application that gets another image. */
export interface Promoted {
  name: string;
  /** Folder below apps/. */
  folder: string;
  /** What runs in the stack that is promoted from, `repository@sha256:…`. */
  source: string;
  /** The same digest in the registry of the other stack. */
  target: string;
  /** Commit of the image, as it says; `-dirty` and missing ones are refused. */
  revision: string | undefined;
  /** Built from a git address. */
  remote: boolean;
  /** What ran before there; undefined where the application is new. */
  before: { image: string | undefined; revision: string | undefined } | undefined;
}

export interface Plan {
  promoted: Promoted[];
  /** Applications that have the same image already. */
  same: string[];
  /** Applications of the other stack alone, which stay as they are. */
  others: string[];
  /** Keys that the other stack's file lacks. */
  missing: string[];
}

/** What a promotion changes: pure. `values` are those of the two stack files, `to` as the base branch has it. */
export function planOf(running: Running, there: Running, from: StackValues, to: StackValues): Plan {
  const plan: Plan = { promoted: [], same: [], others: [], missing: missingKeys(from.config, to.config) };
  for (const [name, image] of Object.entries(running.images)) {
    const { repository, digest } = parseImage(image);
    const source = `${repository}@${digest}`;
    const prefix = prefixOf(to.registry);
    const target = repository.startsWith(`${prefix}/`) ? source : `${prefix}/${name}@${digest}`;
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
  return plan;
}

function withoutTag(image: string): string {
  const { repository, digest } = parseImage(image);
  return `${repository}@${digest}`;
}
