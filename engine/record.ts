import type { AliasSpec, Goal } from "../pulumi/goal.ts";
import type { ResourceType } from "./provider.ts";
import type { Resource } from "../pulumi/state.ts";
import { makeUrn, nameOf, qualifiedType, typeOf } from "../pulumi/urn.ts";
import { equal, markSecrets, withoutDefaults, type Props } from "../pulumi/values.ts";

/** The state's record of a goal, before anything was made. */
export function newRecord(urn: string, goal: Goal, inputs: Props, provider: string): Resource {
  const dependencies = [...goal.dependencies].sort();
  const propertyDependencies = Object.fromEntries(Object.entries(goal.propertyDependencies).map(([key, urns]) => [key, [...urns].sort()]));
  return {
    urn,
    custom: goal.custom,
    type: goal.type,
    inputs,
    ...(goal.parent === "" ? {} : { parent: goal.parent }),
    ...(goal.protect === true ? { protect: true } : {}),
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(provider === "" ? {} : { provider }),
    ...(Object.keys(propertyDependencies).length > 0 ? { propertyDependencies } : {}),
    ...(goal.additionalSecretOutputs.length > 0 ? { additionalSecretOutputs: goal.additionalSecretOutputs } : {}),
    ...(Object.keys(goal.customTimeouts).length > 0 ? { customTimeouts: goal.customTimeouts } : {}),
    ...(goal.retainOnDelete === true ? { retainOnDelete: true } : {}),
    ...(goal.deletedWith === "" ? {} : { deletedWith: goal.deletedWith }),
    ...(goal.ignoreChanges.length > 0 ? { ignoreChanges: goal.ignoreChanges } : {}),
    ...(goal.replaceOnChanges.length > 0 ? { replaceOnChanges: goal.replaceOnChanges } : {}),
  };
}

/** Outputs as the state has them: with the version of the type's schema, secrets marked, without the bookkeeping of defaults. */
export function recordedOutputs(type: ResourceType, outputs: Props, { inputs = {}, additionalSecretOutputs = [] }: Resource): Props {
  const known = { ...(withoutDefaults(outputs) as Props), ...(type.meta === undefined ? {} : { __meta: type.meta }) };
  return markSecrets(known, inputs, [...type.secretOutputs, ...additionalSecretOutputs]);
}

/** Whether `next` says the same as `old`, apart from when. Then the old record, as it was written, can stay. */
export function sameRecord(old: Resource, next: Resource): boolean {
  const { created: _created, modified: _modified, ...before } = old;
  const { created: _alsoCreated, modified: _alsoModified, ...after } = next;
  return equal(before, after);
}

/** Rewrites every reference to `from`, after a resource was found under an alias. */
export function renameReferences(resource: Resource, from: string, to: string): void {
  const rename = (urn: string): string => (urn === from ? to : urn);
  if (resource.parent !== undefined) {
    resource.parent = rename(resource.parent);
  }
  if (resource.deletedWith !== undefined) {
    resource.deletedWith = rename(resource.deletedWith);
  }
  if (resource.provider?.startsWith(`${from}::`)) {
    resource.provider = to + resource.provider.slice(from.length);
  }
  if (resource.dependencies !== undefined) {
    resource.dependencies = resource.dependencies.map(rename);
  }
  for (const [key, urns] of Object.entries(resource.propertyDependencies ?? {})) {
    resource.propertyDependencies = { ...resource.propertyDependencies, [key]: urns.map(rename) };
  }
}

/** Every URN that the resource may have had before, its own aliases first, then those that follow from its parent's. */
export function aliasUrns(goal: Goal, stack: string, project: string, aliased: ReadonlyMap<string, string>): string[] {
  const urns = goal.aliases.map((alias) => aliasUrn(alias, goal, stack, project, aliased));
  const parentAlias = aliased.get(goal.parent);
  if (parentAlias === undefined) {
    return urns;
  }
  const inherit = (type: string, name: string): string => {
    const parentName = nameOf(goal.parent);
    const renamed = name.startsWith(parentName) ? nameOf(parentAlias) + name.slice(parentName.length) : name;
    return makeUrn(stack, project, parentAlias, type, renamed);
  };
  return [...urns, inherit(goal.type, goal.name), ...urns.map((urn) => inherit(typeOf(urn), nameOf(urn)))];
}

function aliasUrn(alias: AliasSpec, goal: Goal, stack: string, project: string, aliased: ReadonlyMap<string, string>): string {
  if (alias.urn !== "") {
    return alias.urn;
  }
  const given = alias.parent === "" ? goal.parent : (aliased.get(alias.parent) ?? alias.parent);
  const parent = alias.noParent || qualifiedType(given) === "pulumi:pulumi:Stack" ? "" : given;
  return makeUrn(alias.stack || stack, alias.project || project, parent, alias.type || goal.type, alias.name || goal.name);
}
