import type { StateResource } from "../deploy/stack-state.ts";
import { lackOf, replicasOf, type Tasks } from "../status/service-tasks.ts";
import type { Finding } from "./finding.ts";

/** A service of the state of which not enough replicas run; one that was only scaled up is the engine's to see. */
export function serviceFindings(resource: StateResource, tasks: Tasks): Finding[] {
  const replicas = replicasOf(resource, tasks);
  const is = lackOf(replicas);
  if (is === undefined) return [];
  const repair = `docker service ps --no-trunc ${replicas.name}`;
  return [{ what: "stopped", is, state: `${replicas.wanted} run`, harmful: true, reason: "what they did, nobody does, or the others do it alone", repair, remedy: "none" }];
}
