import { nameOf, typeOf } from "../../pulumi/urn.ts";
import { refusedError } from "../exit.ts";
import { isUp } from "./ownership.ts";
import type { Deployment, StateResource } from "./stack-state.ts";

/** An update of some applications, which neither looks at the others nor changes them. */
export interface Scope {
  /** Those that it applies. */
  apps: readonly string[];
  /** Those that the platform is made for: all of the last update, and these. One that was never applied is none of its concern. */
  known: readonly string[];
  /** URNs of the state that it leaves alone: of other applications, and of what waits for applications. */
  others: readonly string[];
  /** URNs of the state that are of these applications. */
  own: readonly string[];
}

/** The scope of a command that names applications; undefined where it names none. @throws OpsError (6) where the stack is not up. */
export function givenScope(stack: string, apps: readonly string[], state: Deployment): Scope | undefined {
  if (apps.length === 0) return undefined;
  if (!isUp(state)) throw refusedError(`stack "${stack}" is not up, and ${apps.join(", ")} alone can't be: the platform comes first. ./berth up -s ${stack} makes both`);
  return scopeOf(apps, state);
}

type Resource = Pick<StateResource, "urn" | "parent" | "dependencies" | "delete">;

/** What a state says of the applications of an update. Pure. */
export function scopeOf(apps: readonly string[], { resources = [] }: Deployment): Scope {
  const made = resources.filter(({ urn }) => typeOf(urn) === "berth:index:Application").map(({ urn }) => nameOf(urn));
  const known = [...new Set([...made, ...apps])];
  const owners = ownersOf(known, resources);
  const of = (isNamed: boolean) => [...owners].filter(([, app]) => apps.includes(app) === isNamed).map(([urn]) => urn);
  return { apps, known, others: [...of(false), ...waiting(resources, owners)], own: of(true) };
}

/**
 * The application of each resource that is of one, by the links to parents: an application is a component, and its route
 * another one. Names tell nothing, as `shop-web` may be of an application `shop` or `shop-web`.
 */
export function ownersOf(apps: readonly string[], resources: readonly Pick<Resource, "urn" | "parent">[]): Map<string, string> {
  const roots = new Map(apps.flatMap((app) => [[`berth:index:Application ${app}`, app], [`berth:index:Job route-${app}`, app]]));
  return below(resources, ({ urn }) => roots.get(`${typeOf(urn)} ${nameOf(urn)}`));
}

/** URNs of the platform that need an application's: of the job that removes the routes of those that have left. */
function waiting(resources: readonly Resource[], owners: ReadonlyMap<string, string>): string[] {
  const needsOne = ({ urn, dependencies = [] }: Resource) => !owners.has(urn) && dependencies.some((needed) => owners.has(needed));
  return [...below(resources, (resource) => (needsOne(resource) ? true : undefined)).keys()];
}

/** Each resource for which itself, or one that it is a part of, something is found, by URN. */
function below<Found, Item extends Pick<Resource, "urn" | "parent">>(resources: readonly Item[], find: (resource: Item) => Found | undefined): Map<string, Found> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Map<string, Found>();
  for (const { urn } of resources) {
    for (let at = byUrn.get(urn); at !== undefined; at = byUrn.get(at.parent ?? "")) {
      const value = find(at);
      if (value !== undefined) found.set(urn, value);
    }
  }
  return found;
}

/** The part of a state that is of the applications. */
export function partOf(state: Deployment, scope: Scope | undefined): Deployment {
  if (scope === undefined) return state;
  const { resources = [], pending_operations: pending = [] } = state;
  const owners = ownersOf(scope.known, [...resources, ...pending.map(({ resource }) => resource)]);
  const isOwn = ({ urn }: StateResource) => scope.apps.includes(owners.get(urn) ?? "");
  return { ...state, resources: resources.filter(isOwn), pending_operations: pending.filter(({ resource }) => isOwn(resource)) };
}
