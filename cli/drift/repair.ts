import type Dockerode from "dockerode";
import { waitHealthy } from "../../docker/health.ts";
import type { Deployer } from "../deploy/deployer.ts";
import { partOf, type Scope } from "../deploy/scope.ts";
import { type Deployment, realResources } from "../deploy/stack-state.ts";
import { messageOf } from "../exit.ts";
import { types } from "../../pulumi/resource-types.ts";
import { compare } from "./compare.ts";
import type { Drift } from "./finding.ts";
import { updateRequest } from "./limits.ts";
import { lookAt } from "./found.ts";
import { driftLine } from "./text.ts";
import { wantedContainer, type WantedContainer } from "./wanted.ts";

export interface RepairOptions {
  deployer: Deployer;
  docker: Dockerode;
  stack: string;
  state: Deployment;
  /** Only what is of its applications. @default everything */
  scope?: Scope | undefined;
  /** Told each thing that is repaired. */
  note: (text: string) => void;
  signal?: AbortSignal;
}

/** How long a container that was started again may take to be healthy, in seconds. */
const patience = 60;

/**
 * Puts right what was removed or changed by hand, before an update: Pulumi compares the program with its state, and
 * would change nothing. What is gone is taken out of the state, so that the update makes it anew; a container that was
 * changed is set back as it was, without a restart. Where nothing is to be done, this is one look at the Docker host
 * (0.2 s for 33 containers, where a refresh took 6 s).
 *
 * @returns URNs that the update has to replace, since they could not be set back.
 * @throws OpsError naming the lock's holder where an update is running.
 */
export async function repairDrift({ deployer, docker, stack, state, scope, note, signal }: RepairOptions): Promise<string[]> {
  const first = await repairable(docker, stack, state, scope);
  if (first.length === 0) return [];
  // The refresh takes the lock: an update that runs meanwhile is not to be disturbed, and has made what was seen untrue.
  const root = (state.resources ?? []).filter(({ type }) => type === types.stack).map(({ urn }) => urn);
  const gone = first.filter(({ remedy }) => remedy === "forget");
  await deployer.refresh({ only: [...root, ...gone.map(({ urn = "" }) => urn)], ...(signal !== undefined && { signal }) });
  for (const drift of gone) note(`made again: ${driftLine(drift)}`);
  const now = await deployer.state();
  const wanted = new Map(realResources(now).map((resource) => [resource.urn, resource]));
  const replace = new Set<string>();
  const byUrn = Map.groupBy(await repairable(docker, stack, now, scope), ({ urn = "" }) => urn);
  for (const [urn, drifts] of byUrn) {
    const resource = wanted.get(urn);
    if (resource?.id === undefined || drifts.some(({ remedy }) => remedy === "forget")) continue;
    if (resource.type === types.built) {
      for (const drift of drifts) note(`built again: ${driftLine(drift)}`);
      replace.add(urn);
      continue;
    }
    const problem = drifts.some(({ remedy }) => remedy === "replace") ? "its network is gone" : await setBack(docker, resource.id, wantedContainer(resource), drifts);
    for (const drift of drifts) note(`${problem === undefined ? "set back" : `replaced, as ${problem}`}: ${driftLine(drift)}`);
    if (problem !== undefined) replace.add(urn);
  }
  return [...replace];
}

/** What an update would put right, and how. Changes nothing; takes 0.2 s for 33 containers. With a scope, of its applications alone. */
export async function repairable(docker: Dockerode, stack: string, state: Deployment, scope?: Scope): Promise<Drift[]> {
  const part = partOf(state, scope);
  const resources = realResources(part);
  if (resources.length === 0) return [];
  return compare(stack, part, await lookAt(docker, stack, resources, false, scope !== undefined)).filter(({ remedy }) => remedy !== "none");
}

/** @returns why it could not be set back. */
async function setBack(docker: Dockerode, id: string, wanted: WantedContainer, drifts: readonly Drift[]): Promise<string | undefined> {
  const container = docker.getContainer(id);
  const aliases = (network: string) => wanted.networks?.find(({ name }) => name === network)?.aliases ?? [];
  const join = (network: string) => docker.getNetwork(network).connect({ Container: id, EndpointConfig: { Aliases: aliases(network) } });
  const leave = (network: string) => docker.getNetwork(network).disconnect({ Container: id, Force: true });
  const steps: Partial<Record<Drift["what"], (network: string) => Promise<unknown>>> = {
    renamed: () => container.rename({ name: wanted.name }),
    limits: () => container.update(updateRequest(wanted.limits)),
    disconnected: join,
    alias: async (network) => {
      await leave(network);
      await join(network);
    },
    connected: leave,
    paused: () => container.unpause(),
    stopped: () => container.start(),
  };
  // Started last, so that it comes up as it is to be.
  const ordered = drifts.toSorted((a, b) => order(a) - order(b));
  try {
    for (const { what, network = "" } of ordered) await steps[what]?.(network);
    if (!ordered.some(({ what }) => what === "stopped")) return undefined;
    const { Config } = await container.inspect();
    const checked = (Config as { Healthcheck?: { Test?: string[] } }).Healthcheck?.Test !== undefined;
    return checked ? (await waitHealthy(docker, id, patience))?.split("\n")[0] : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const ranks: Drift["what"][] = ["renamed", "limits", "connected", "alias", "disconnected", "paused", "stopped"];

function order({ what }: Drift): number {
  return ranks.indexOf(what);
}
