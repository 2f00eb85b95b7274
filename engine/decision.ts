import type { Goal } from "../pulumi/goal.ts";
import { changedAt } from "../pulumi/path.ts";
import type { Known, ResourceType } from "./provider.ts";
import type { Resource } from "../pulumi/state.ts";
import { containsUnknown, plain, plainProps, show, type Props } from "../pulumi/values.ts";

/** What is to be done with a resource that exists. */
export interface Decision {
  op: "same" | "update" | "replace";
  changed: string[];
  /** Those of `changed` that cannot be changed in place. */
  replaces: string[];
  deleteFirst: boolean;
}

const INIT_ERROR = "#initerror";

/** A state's resource as providers see it. */
export function knownOf(resource: Resource): Known {
  return { id: resource.id ?? "", inputs: plainProps(resource.inputs ?? {}), outputs: plainProps(resource.outputs ?? {}) };
}

/** Compares the state with the goal, by the type's own rules and then by the resource's options. */
export async function decide(type: ResourceType, goal: Goal, old: Resource, inputs: Props, extra: readonly string[]): Promise<Decision> {
  const known = knownOf(old);
  const next = plainProps(inputs);
  const { changed, replace } = type.diff(known, next);
  changed.push(...extra, ...((await type.drift?.(known, next)) ?? []));
  const failed = (old.initErrors ?? []).length > 0;
  const forced = goal.replaceOnChanges.filter((path) =>
    path === INIT_ERROR ? failed : changed.length > 0 && changedAt(path, known.inputs, next) && (path === "*" || changed.includes(path.split(/[.[]/)[0] ?? "")),
  );
  const op = forced.length > 0 || replace.length > 0 ? "replace" : changed.length > 0 || failed ? "update" : "same";
  return {
    op,
    changed: failed ? [...changed, INIT_ERROR] : changed,
    replaces: [...new Set([...replace, ...forced.flatMap((path) => (path === "*" ? changed : [path.split(/[.[]/)[0] ?? ""]))])],
    deleteFirst: goal.deleteBeforeReplace ?? type.deleteBeforeReplace,
  };
}

/**
 * Whether deleting the resources in `going` would replace `resource`: it is deleted with one of them, or an input that
 * comes from one of them cannot change in place.
 */
export function mustFollow(type: ResourceType, resource: Resource, going: ReadonlySet<string>, unknown: string): boolean {
  if (resource.deletedWith !== undefined && going.has(resource.deletedWith)) {
    return true;
  }
  const known = knownOf(resource);
  const touched = Object.entries(resource.propertyDependencies ?? {}).filter(([, urns]) => urns.some((urn) => going.has(urn)));
  const next = { ...known.inputs, ...Object.fromEntries(touched.filter(([key]) => key in known.inputs).map(([key]) => [key, unknown])) };
  const { changed, replace } = type.diff(known, next);
  const forced = (resource.replaceOnChanges ?? []).some((path) => changed.some((key) => path === "*" || path.split(/[.[]/)[0] === key));
  return replace.length > 0 || forced;
}

/** The changed inputs for people: `image: "a" => "b"`, secrets as `[secret]`. */
export function describeChanges(changed: readonly string[], old: Props | undefined, inputs: Props): string[] {
  return changed.map((key) => {
    const before = old?.[key];
    const after = inputs[key];
    const same = before !== undefined && after !== undefined && show(plain(before)) === show(plain(after)) && !containsUnknown(after);
    return key === INIT_ERROR || same ? key : `${key}: ${show(before)} => ${show(after)}`;
  });
}
