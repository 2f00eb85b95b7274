import { isDeepStrictEqual } from "node:util";
import type Dockerode from "dockerode";
import type { Deployer, ResourceEvent } from "../deploy/deployer.ts";
import { type Deployment, nameOf, realResources, type StateResource } from "../deploy/stack-state.ts";
import { OpsError } from "../exit.ts";
import { isEmpty, isUp, requireState } from "../deploy/ownership.ts";
import { types } from "../../pulumi/resource-types.ts";
import { containerFindings } from "./container.ts";
import { fileFindings } from "./files.ts";
import type { Drift, Finding } from "./finding.ts";
import { isSeen, type Look, lookAt } from "./found.ts";
import { rereadDrifts } from "./reread.ts";
import { serviceFindings } from "./service.ts";
import { strayDrifts } from "./strays.ts";
import { builtFindings, imageFindings, networkFindings, volumeFindings } from "./surroundings.ts";
import { kindOf, nameOnHost, wantedContainer } from "./wanted.ts";

export interface DriftReport {
  stack: string;
  engine: Deployer["engine"];
  /** Whether the state runs anything. Where it does not, no drift says nothing of the stack. */
  up: boolean;
  /** Resources that were compared. */
  compared: number;
  /** Harmful first. */
  drifts: Drift[];
  /** How many of them do harm. */
  harmful: number;
  /** Containers whose root is read-only: nobody can have changed files there. */
  readOnlyRoots: number;
}

export interface DriftOptions {
  deployer: Deployer;
  /** The engine that runs the stack. */
  docker: Dockerode;
  stack: string;
  signal?: AbortSignal | undefined;
}

/**
 * Compares the real world with a stack's state, and changes neither: by a look at the Docker host, and, for what that
 * does not see, by the engine's own refresh without its effect. A provider takes half a second for each container and
 * reads less back. Takes no lock. A stack that is not up has no drift, and its report says so: `up`.
 *
 * @example
 * const { up, harmful, drifts } = await driftOf({ deployer, docker, stack: "prod" });
 * if (!up) throw new OpsError("prod is not up");
 * if (harmful > 0) throw new OpsError(`prod has drifted: ${drifts.filter((drift) => drift.harmful).map(driftLine).join("; ")}`);
 *
 * @throws OpsError (1) where the host has containers of the stack and the state nothing, an update changed the state meanwhile, or a provider cannot be asked.
 */
export async function driftOf({ deployer, docker, stack, signal }: DriftOptions): Promise<DriftReport> {
  const state = await deployer.state();
  const resources = realResources(state);
  if (isEmpty(state)) {
    await requireState(docker, stack, state, deployer.description);
    return { stack, engine: deployer.engine, up: false, compared: 0, drifts: [], harmful: 0, readOnlyRoots: 0 };
  }
  const events: ResourceEvent[] = [];
  const only = resources.filter(({ type }) => !isSeen(type)).map(({ urn }) => urn);
  const refresh = { readOnly: true, only, onEvent: (event: ResourceEvent) => void events.push(event), ...(signal !== undefined && { signal }) };
  const [look] = await Promise.all([lookAt(docker, stack, resources, true), only.length > 0 ? deployer.refresh(refresh) : undefined]);
  const after = await deployer.state();
  if (!isDeepStrictEqual(after, state)) throw new OpsError(`stack "${stack}" was changed while it was looked at: run this again when the update has ended`);
  const own = compare(stack, state, look);
  const covered = new Set(own.flatMap(({ kind, urn }) => (kind === "service" ? [] : (urn ?? []))));
  const others = rereadDrifts(events, covered, (urn) => refreshCommand(deployer.engine, stack, urn));
  const drifts = [...own, ...others].toSorted((a, b) => Number(b.harmful) - Number(a.harmful));
  const containers = resources.filter(({ type }) => type === types.container).map(wantedContainer);
  return {
    stack,
    engine: deployer.engine,
    up: isUp(state),
    compared: resources.length,
    drifts,
    harmful: drifts.filter(({ harmful }) => harmful).length,
    readOnlyRoots: containers.filter(({ lasting, readOnly }) => lasting && readOnly).length,
  };
}

/** Pure: what a look at the Docker host shows of each resource that the state has, and of what it does not have. */
export function compare(stack: string, state: Deployment, look: Look): Drift[] {
  const up = `./berth up -s ${stack}`;
  const volumes = new Map(look.volumes.map((volume) => [volume.Name, volume]));
  const networks = new Map(look.networks.map((network) => [network.Name, network]));
  const containers = new Map(look.containers.map((container) => [container.Id, container]));
  const around = { volumes: new Set(volumes.keys()), networks: new Set(networks.keys()), up };
  const own = new Set(containers.keys());
  const ownRegistry = state.resources?.some(({ type }) => type === "berth:index:Registry") === true;
  const isGone = (name: string) => look.images.has(name) && look.images.get(name) === undefined;
  const findings: Record<string, ((resource: StateResource) => Finding[]) | undefined> = {
    [types.container]: (resource) => {
      const wanted = wantedContainer(resource);
      const files = look.files.get(resource.id ?? "") ?? [];
      return [...containerFindings(wanted, containers.get(resource.id ?? ""), around), ...fileFindings(wanted, files, up)];
    },
    [types.service]: (resource) => serviceFindings(resource, look.tasks),
    [types.network]: (resource) => networkFindings(resource, networks.get(nameOnHost(resource)), own, up),
    [types.volume]: (resource) => volumeFindings(resource, volumes.get(resource.id ?? ""), up),
    [types.pulled]: (resource) => {
      const name = nameOnHost(resource);
      return look.images.has(name) ? imageFindings(resource, look.images.get(name)) : [];
    },
    [types.built]: (resource) => (ownRegistry && isGone(nameOnHost(resource)) ? builtFindings(resource) : []),
  };
  const drifts = realResources(state).flatMap((resource) => {
    const found = findings[resource.type]?.(resource) ?? [];
    return found.map((finding): Drift => ({ resource: nameOf(resource.urn), kind: kindOf(resource.type), urn: resource.urn, ...finding }));
  });
  return [...drifts, ...strayDrifts(stack, state, look, up)];
}

function refreshCommand(engine: Deployer["engine"], stack: string, urn: string): string {
  return engine === "pulumi" ? `pulumi refresh -s ${stack} --target '${urn}' && ./berth up -s ${stack}` : `./berth up -s ${stack}`;
}
