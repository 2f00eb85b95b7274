import type Dockerode from "dockerode";
import { closest } from "../arguments.ts";
import { labels, partOf, roleRank } from "../../docker/labels.ts";
import { usageError } from "../exit.ts";

type Info = Dockerode.ContainerInfo;

/** Roles of containers that nobody enters: they fill a volume, or end by themselves. */
const passing = ["files", "job", "run"];

/** Whether `wanted` names this container: by application, part, role, or its own name. */
export function matches(container: Info, wanted: string): boolean {
  const { [labels.app]: app, [labels.role]: role } = container.Labels;
  return [app, role, partOf(container), ...container.Names.map((name) => name.slice(1))].includes(wanted);
}

/** The message for a name that no container has. */
export function noMatch(stack: string, wanted: string, all: readonly Info[]): string {
  const names = [...new Set(all.flatMap((container) => [container.Labels[labels.app] ?? "", partOf(container)]))].filter((name) => name !== "");
  const near = closest(wanted, names);
  return `stack "${stack}" has no part "${wanted}": ${near === undefined ? `it has ${names.join(", ") || "no containers"}` : `did you mean ${near}?`}`;
}

/**
 * The running container that a name means: of an application its web server, else its (first) worker; the first replica, and of
 * two with the same number, as there are during a deploy, the newer.
 *
 * @param replica The number in the container's name, from 0.
 * @throws OpsError (2) naming the parts or replicas that there are.
 */
export function runningPart(stack: string, all: readonly Info[], wanted: string, replica?: number): Info {
  const lasting = all.filter(({ Labels }) => !passing.includes(Labels[labels.role] ?? ""));
  const meant = lasting.filter((container) => matches(container, wanted));
  if (meant.length === 0) throw usageError(noMatch(stack, wanted, lasting));
  const running = meant.filter(({ State }) => State === "running");
  const ranked = running.toSorted((a, b) => rank(a, wanted) - rank(b, wanted) || roleOf(a).localeCompare(roleOf(b)) || replicaOf(a) - replicaOf(b) || b.Created - a.Created);
  const found = ranked.find((container) => replica === undefined || replicaOf(container) === replica);
  if (found !== undefined) return found;
  if (running.length === 0) {
    throw usageError(`${wanted} is not running in stack "${stack}" (${meant.map(({ State }) => State).join(", ")}): ./berth status -s ${stack}`);
  }
  throw usageError(`${wanted} has no replica ${replica} in stack "${stack}": it has ${[...new Set(ranked.map(replicaOf))].join(", ")}`);
}

/** A part by its role, such as postgres, is before what works for it, such as its backups. */
function rank(container: Info, wanted: string): number {
  return roleOf(container) === wanted ? -1 : (roleRank(roleOf(container)) ?? 3);
}

function roleOf({ Labels }: Pick<Info, "Labels">): string {
  return Labels[labels.role] ?? "";
}

/** `1` of `root-web-1-3f2a9c0`; 0 of what has no replicas. */
export function replicaOf({ Names }: Pick<Info, "Names">): number {
  return Number(/-(\d+)-[0-9a-f]{7}$/.exec(Names[0] ?? "")?.[1] ?? 0);
}
