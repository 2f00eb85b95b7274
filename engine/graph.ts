import type { Resource } from "../pulumi/state.ts";
import { splitReference } from "../pulumi/urn.ts";

/** Every URN that `resource` needs: parent, provider, dependencies and what it is deleted with. */
export function needs(resource: Resource): string[] {
  const urns = new Set(resource.dependencies ?? []);
  for (const list of Object.values(resource.propertyDependencies ?? {})) {
    for (const urn of list) {
      urns.add(urn);
    }
  }
  for (const urn of [resource.parent, resource.deletedWith, resource.provider && splitReference(resource.provider).urn]) {
    if (urn) {
      urns.add(urn);
    }
  }
  urns.delete(resource.urn);
  return [...urns];
}

/** Puts resources into waves for deletion, dependents first; each wave can be deleted in parallel. */
export function deletionWaves(resources: readonly Resource[]): Resource[][] {
  const left = new Set(resources);
  const waves: Resource[][] = [];
  while (left.size > 0) {
    const needed = new Set([...left].flatMap(needs));
    const wave = [...left].filter((resource) => !needed.has(resource.urn));
    if (wave.length === 0) {
      // Two generations of a program can need each other the other way round: then the state's order decides.
      wave.push(...[...left].slice(-1));
    }
    waves.push(wave);
    for (const resource of wave) {
      left.delete(resource);
    }
  }
  return waves;
}

/** The resources of `all` that need `root`, directly or not, in the order of the state (dependencies first). */
export function dependentsOf(root: Resource, all: readonly Resource[]): Resource[] {
  const reached = new Set([root.urn]);
  return all.filter((resource) => {
    const depends = resource !== root && needs(resource).some((urn) => reached.has(urn));
    if (depends) {
      reached.add(resource.urn);
    }
    return depends;
  });
}

/** `roots` and everything that they need, directly or not. */
export function withNeeds(roots: readonly Resource[], all: readonly Resource[]): Set<Resource> {
  const byUrn = new Map(all.map((resource) => [resource.urn, resource]));
  const kept = new Set<Resource>();
  const visit = (resource: Resource): void => {
    if (kept.has(resource)) {
      return;
    }
    kept.add(resource);
    for (const urn of needs(resource)) {
      const found = byUrn.get(urn);
      if (found !== undefined) {
        visit(found);
      }
    }
  };
  roots.forEach(visit);
  return kept;
}
