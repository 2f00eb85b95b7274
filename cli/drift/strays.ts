import { type Deployment, nameOf, type StateResource } from "../deploy/stack-state.ts";
import { unknownTo } from "../deploy/strays.ts";
import { labels } from "../../docker/labels.ts";
import { type Drift, type Finding, harmless } from "./finding.ts";
import type { Look } from "./found.ts";

/** What carries the stack's label and is not in the state, and what an update that was stopped left undone. */
export function strayDrifts(stack: string, state: Deployment, look: Look, up: string): Drift[] {
  const isUnknown = unknownTo(state);
  const containers = look.containers.filter(({ Id, Config }) => isUnknown(Id, Config.Labels));
  const own = (item: { Labels?: Record<string, string> | null }) => item.Labels?.[labels.stack] === stack;
  const networks = look.networks.filter((network) => own(network) && isUnknown(network.Id));
  const volumes = look.volumes.filter((volume) => own(volume) && isUnknown(volume.Name));
  return [
    ...unfinished(state, up),
    ...containers.map(({ Name, Config, State }): Drift => ({ kind: "container", resource: Name.slice(1), ...strayContainer(Name.slice(1), Config.Labels, State.Status) })),
    ...networks.map(({ Name }): Drift => {
      const repair = `docker network rm ${Name}`;
      return { kind: "network", resource: Name, what: "stray", is: "there", state: "not known", ...harmless, reason: "it takes addresses of the Docker Engine, and nothing else", repair };
    }),
    ...volumes.map(({ Name, Labels }): Drift => {
      const left = (Labels as Record<string, string> | null)?.[labels.role] === "data";
      const reason = left ? "the data of a part that has left, which finds it again when it comes back; look what is in it before you remove it" : "it takes space; look what is in it before you remove it";
      return { kind: "volume", resource: Name, what: "stray", is: "there", state: "not known", ...harmless, reason, repair: `docker volume rm ${Name}` };
    }),
  ];
}

/** Containers of commands that work beside the state. */
const guests: Record<string, string | undefined> = {
  run: "somebody works in it by ./berth run; it is removed when that ends",
  restore: "it is of ./berth restore, which removes it by --swap or --discard",
};

function strayContainer(name: string, has: Record<string, string>, status: string): Finding {
  const base = { what: "stray", is: `there, ${status}`, state: "not known" } as const;
  const reason = guests[has[labels.role] ?? ""];
  if (reason !== undefined) return { ...base, ...harmless, reason };
  // Swarm starts another in the place of one that is removed.
  const service = has["com.docker.swarm.service.name"];
  return { ...base, harmful: true, reason: "it carries the stack's label, so it counts as a part of it, and no update replaces it", repair: service === undefined ? `docker rm -f ${name}` : `docker service rm ${service}`, remedy: "none" };
}

function unfinished({ resources = [], pending_operations: pending = [] }: Deployment, up: string): Drift[] {
  const old = resources.filter(({ delete: going }) => going === true);
  const begun = pending.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`);
  if (begun.length + old.length === 0) return [];
  const is = [...begun, ...old.map((resource) => `${nameOf(resource.urn)} ${shortId(resource)} not deleted yet`)].join(", ");
  return [{ kind: "stack", resource: "the last update", what: "unfinished", is, state: "ended", harmful: true, reason: "it was stopped, or failed: parts of two versions are there", repair: up, remedy: "none" }];
}

function shortId({ id = "" }: StateResource): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 7) : id;
}
