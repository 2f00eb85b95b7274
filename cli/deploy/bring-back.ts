import type Dockerode from "dockerode";
import { unlessStatus } from "../../docker/errors.ts";
import { waitHealthy } from "../../docker/health.ts";
import { labels, roleRank } from "../../docker/labels.ts";
import { types } from "../../pulumi/resource-types.ts";
import { labelsOf } from "../drift/wanted.ts";
import { type Deployment, nameOf, realResources, type StateResource } from "./stack-state.ts";

/** A container that is stopped before the next one starts, and all that it takes to make it once more. */
export interface Kept {
  record: StateResource;
  inspected: Dockerode.ContainerInspectInfo;
}

/** Containers of applications that write to a volume: of these no two run at a time, so a bad version leaves none. Looked at before an update. */
export async function keep(docker: Dockerode, state: Deployment): Promise<Kept[]> {
  const found = await Promise.all(
    realResources(state).filter(isExclusive).map(async (record) => {
      const inspected = await docker.getContainer(record.id ?? "").inspect().catch(unlessStatus(404));
      return inspected?.State.Running === true ? [{ record, inspected }] : [];
    }),
  );
  return found.flat();
}

function isExclusive(record: StateResource): boolean {
  const { type, inputs = {} } = record;
  const mounts = (inputs["mounts"] ?? []) as { type?: string; readOnly?: boolean }[];
  const role = labelsOf(record)[labels.role];
  return type === types.container && roleRank(role) !== undefined && mounts.some(({ type: kind, readOnly }) => kind === "volume" && readOnly !== true);
}

/**
 * After an update that failed: makes those once more that it has removed and that nothing good has taken the place of. Each
 * gets its old name, which its route still leads to, its old settings and its volumes.
 *
 * @returns The records that the state must have of them, so that the next update replaces them as it would have.
 */
export async function bringBack(docker: Dockerode, kept: readonly Kept[], now: Deployment): Promise<StateResource[]> {
  const records: StateResource[] = [];
  for (const { record, inspected } of kept) {
    if ((await docker.getContainer(inspected.Id).inspect().catch(unlessStatus(404))) !== undefined) continue;
    const next = realResources(now).find(({ urn, id }) => urn === record.urn && id !== record.id);
    if (next !== undefined && serves(next, now)) continue;
    if (next?.id !== undefined) await remove(docker, next);
    const id = await makeAgain(docker, inspected);
    const problem = await waitHealthy(docker, id, Number(record.inputs?.["waitTimeout"] ?? 60));
    if (problem !== undefined) throw new Error(`${inspected.Name.slice(1)} is back and not well: ${problem}`);
    records.push({ ...record, id, outputs: { ...record.outputs, id } });
  }
  return records;
}

/** It is healthy, and its route, where it has one, was written for it. */
function serves(record: StateResource, now: Deployment): boolean {
  const { inputs = {}, initErrors = [] } = record;
  const given = labelsOf(record);
  if (initErrors.length > 0) return false;
  if (given[labels.role] !== "web") return true;
  const name = String(inputs["name"]);
  const route = realResources(now).filter(({ urn, type }) => type === types.container && nameOf(urn) === `route-${given[labels.app]}`);
  return route.some(({ inputs: job, outputs }) => outputs?.["exitCode"] === 0 && JSON.stringify(job?.["command"] ?? "").includes(`//${name}:`));
}

async function remove(docker: Dockerode, { id = "", inputs }: StateResource): Promise<void> {
  const container = docker.getContainer(id);
  await container.stop({ t: Number(inputs?.["destroyGraceSeconds"] ?? 10) }).catch(unlessStatus(304, 404));
  await container.remove({ force: true, v: true }).catch(unlessStatus(404, 409));
}

async function makeAgain(docker: Dockerode, { Id, Name, Config, HostConfig, NetworkSettings }: Dockerode.ContainerInspectInfo): Promise<string> {
  const networks = Object.entries(NetworkSettings.Networks);
  // Whatever it is made on, it has no aliases there.
  const first = HostConfig.NetworkMode === "default" ? "bridge" : HostConfig.NetworkMode;
  // The engine gives a container its short id as host name, and as an alias in each network.
  const { Hostname, ...settings } = Config;
  const made = await docker.createContainer({ ...settings, ...(Hostname !== Id.slice(0, 12) && { Hostname }), name: Name.slice(1), HostConfig });
  if (first !== undefined && networks.length > 0) await docker.getNetwork(first).disconnect({ Container: made.id, Force: true }).catch(unlessStatus(404, 500));
  for (const [network, { Aliases }] of networks) {
    const aliases = ((Aliases ?? []) as string[]).filter((alias) => alias !== Id.slice(0, 12));
    await docker.getNetwork(network).connect({ Container: made.id, EndpointConfig: { Aliases: aliases } });
  }
  await made.start();
  return made.id;
}

/** A state with these records in the place of what it has of the same URNs. */
export function withRecords<State extends Deployment>(state: State, records: readonly StateResource[]): State {
  const back = new Map(records.map((record) => [record.urn, record]));
  const resources = (state.resources ?? []).flatMap((resource) => {
    const record = resource.delete === true ? undefined : back.get(resource.urn);
    if (record === undefined) return [resource];
    back.delete(resource.urn);
    return [record];
  });
  return { ...state, resources: [...resources, ...back.values()] };
}
