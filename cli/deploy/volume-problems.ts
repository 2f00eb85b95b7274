import type Dockerode from "dockerode";
import { type Problem, problemLines } from "../../config/problems.ts";
import { labels } from "../../docker/labels.ts";
import { types } from "../../pulumi/resource-types.ts";
import { labelsOf, nameOnHost } from "../drift/wanted.ts";
import { refusedError } from "../exit.ts";
import { dataVolumes } from "./data-volumes.ts";
import type { Asked, Registration } from "./recorded-program.ts";
import type { Deployment } from "./stack-state.ts";

/** A volume or a network as a Docker host lists it. */
export interface Listed {
  Name: string;
  Labels?: Record<string, string> | null;
}

/** What a Docker host has under the names that a stack uses. */
export interface OnHost {
  volumes: readonly Listed[];
  networks: readonly Listed[];
}

export interface VolumeCheck {
  stack: string;
  state: Deployment;
  /** Undefined where the Pulumi CLI alone can run the program: then only what the state says is looked at. */
  asked: Asked | undefined;
  /** Volumes that are gone are begun anew, empty. @default false */
  dataLost?: boolean;
}

/**
 * Pure: what of its volumes and networks would give a stack other data than it had. Docker makes a volume that is named and
 * not there, and gives one that is there to whoever names it.
 */
export function volumeProblems({ stack, state, asked, dataLost = false }: VolumeCheck, host: OnHost): Problem[] {
  const there: Record<string, Map<string, Listed>> = { [types.volume]: byName(host.volumes), [types.network]: byName(host.networks) };
  const wanted = [...(asked?.volumes ?? []), ...(asked?.networks ?? [])];
  const named = new Map(wanted.map((registration) => [registration.urn, registration]));
  const known = dataVolumes(state).filter(({ urn }) => asked === undefined || named.has(urn));
  return [
    ...known.flatMap((volume) => renamed(stack, nameOnHost(volume), named.get(volume.urn))),
    ...wanted.flatMap((registration) => foreign(stack, registration, there[registration.type]?.get(nameOf(registration)))),
    ...(dataLost ? [] : known.filter((volume) => !there[types.volume]?.has(nameOnHost(volume))).map((volume) => gone(stack, nameOnHost(volume)))),
  ];
}

/** @returns what the host has. @throws OpsError (6) with all of {@link volumeProblems}. */
export async function requireData(docker: Dockerode, check: VolumeCheck): Promise<OnHost> {
  const host = await placesOn(docker);
  refuseProblems(check.stack, volumeProblems(check, host));
  return host;
}

export async function placesOn(docker: Dockerode): Promise<OnHost> {
  const [{ Volumes: volumes }, networks] = await Promise.all([docker.listVolumes(), docker.listNetworks()]);
  return { volumes: volumes ?? [], networks };
}

export function refuseProblems(stack: string, problems: Problem[]): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw refusedError([`stack "${stack}": ${count} with what is on its Docker host; nothing was changed.`, ...problemLines(stack, problems)].join("\n"), { stack, problems });
}

function byName(list: readonly Listed[]): Map<string, Listed> {
  return new Map(list.map((item) => [item.Name, item]));
}

function nameOf({ inputs }: Registration): string {
  return nameOnHost({ urn: "", type: "", inputs });
}

function renamed(stack: string, name: string, registration: Registration | undefined): Problem[] {
  if (registration === undefined || nameOf(registration) === name) return [];
  return [
    {
      field: `volume ${name}`,
      value: `${nameOf(registration)} in the program`,
      allowed: "the name that it has: another one is another volume, and empty",
      fix: `give the stack the name back that it had when the volume was made, with pulumi stack rename; or use the version of Berth that made it, and not this one, for stack "${stack}"`,
    },
  ];
}

/** Names of two stacks can be equal: application `b-c` of stack `a`, and application `c` of stack `a-b`. */
function foreign(stack: string, registration: Registration, found: Listed | undefined): Problem[] {
  const kind = registration.type === types.volume ? "volume" : "network";
  const [ours, theirs] = [labelsOf({ urn: "", type: "", inputs: registration.inputs }), found?.Labels ?? {}];
  const other = [labels.stack, labels.app].find((label) => ours[label] !== undefined && theirs[label] !== undefined && theirs[label] !== ours[label]);
  if (other === undefined) return [];
  const owner = other === labels.stack ? `stack "${theirs[other]}"` : `the application "${theirs[other]}"`;
  return [
    {
      field: `${kind} ${nameOf(registration)}`,
      value: `on the Docker host already, and of ${owner} by its label ${other}`,
      allowed: `a ${kind} of the stack's own: two stacks, or two applications, never share one`,
      fix: `give ${ours[labels.app] === undefined ? `the stack "${stack}"` : `the application "${ours[labels.app]}"`} another name; or, if that ${kind} is not needed any more: docker ${kind} rm ${nameOf(registration)}`,
    },
  ];
}

function gone(stack: string, name: string): Problem {
  return {
    field: `volume ${name}`,
    value: "in the state, and not on the Docker host",
    allowed: "the volume that the last update used: up would make an empty one",
    fix: `look whether berth:docker names the right host, or put a copy there under this name; if the data is lost for good: ./berth up -s ${stack} --data-lost`,
  };
}
