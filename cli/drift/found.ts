import type Dockerode from "dockerode";
import type { StateResource } from "../deploy/stack-state.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { types } from "../../pulumi/resource-types.ts";
import { type Tasks, tasksOf } from "../status/service-tasks.ts";
import { type FileChange } from "./files.ts";
import { nameOnHost, wantedContainer } from "./wanted.ts";

/** What a Docker host has of a stack. */
export interface Look {
  /** With the stack's label. */
  containers: Dockerode.ContainerInspectInfo[];
  /** With the stack's label or one of the names that the state has; with the containers on each. */
  networks: Dockerode.NetworkInspectInfo[];
  /** All of the host. */
  volumes: Dockerode.VolumeInspectInfo[];
  /** The id that an image's name stands for now; undefined where there is no such image. Of those that were looked for. */
  images: Map<string, string | undefined>;
  /** What changed in the file systems that can be written, by the container's id. */
  files: Map<string, FileChange[]>;
  /** Of the services of a swarm. */
  tasks: Tasks;
}

/**
 * Whether a look shows all that can change of a resource of this type: its existence, and what Docker changes on one that
 * exists. Random values are in the state alone. A service is not among them: its settings can be changed on the host.
 */
export function isSeen(type: string): boolean {
  return ([types.container, types.network, types.volume, types.pulled] as string[]).includes(type) || type.startsWith("random:");
}

/**
 * @param thorough Also all pulled images, file systems and the tasks of services. Without it only the images of applications
 *   that no container has are looked for: on a host that is new their pull needs a login, and maybe their registry is gone.
 * @param alone Only these resources are looked at, and the networks that they are on. @default everything of the stack
 */
export async function lookAt(docker: Dockerode, stack: string, resources: readonly StateResource[], thorough: boolean, alone = false): Promise<Look> {
  const [all, allNetworks, { Volumes: volumes }] = await Promise.all([stackContainers(docker, stack), docker.listNetworks(), docker.listVolumes()]);
  const ids = new Set(resources.map(({ id }) => id));
  const listed = alone ? all.filter(({ Id }) => ids.has(Id)) : all;
  const joined = resources.filter(({ type }) => type === types.container).flatMap((resource) => wantedContainer(resource).networks ?? []);
  const names = new Set([...resources.filter(({ type }) => type === types.network).map(nameOnHost), ...joined.map(({ name }) => name)]);
  const own = allNetworks.filter(({ Name, Labels }) => names.has(Name) || (!alone && Labels?.[labels.stack] === stack));
  const [containers, networks, tasks] = await Promise.all([
    present(listed.map(({ Id }) => docker.getContainer(Id).inspect())),
    present(own.map(({ Id }) => docker.getNetwork(Id).inspect())),
    tasksOf(docker, thorough ? resources : []),
  ]);
  const used = new Set(containers.map(({ Config }) => Config.Image));
  const images = await imagesOf(docker, thorough ? resources.filter(({ type }) => type === types.pulled).map(nameOnHost) : applicationImages(resources).filter((name) => !used.has(name)));
  const look = { containers, networks, volumes: volumes ?? [], images, files: new Map<string, FileChange[]>(), tasks };
  if (!thorough) return look;
  const writable = new Set(resources.filter(({ type }) => type === types.container).filter((resource) => isWritable(resource)).map(({ id }) => id));
  const changes = containers.filter(({ Id }) => writable.has(Id)).map(async ({ Id }) => look.files.set(Id, ((await docker.getContainer(Id).changes()) as FileChange[] | null) ?? []));
  await present(changes);
  return look;
}

function isWritable(resource: StateResource): boolean {
  const { lasting, readOnly } = wantedContainer(resource);
  return lasting && !readOnly;
}

/** Of platform images every host has the means to pull them again, when a container is made. */
function applicationImages(resources: readonly StateResource[]): string[] {
  const own = resources.filter(({ urn, type }) => type === types.built || (type === types.pulled && urn.includes("berth:index:Image$")));
  return [...new Set(own.map(nameOnHost))].filter((name) => name !== "");
}

async function imagesOf(docker: Dockerode, names: readonly string[]): Promise<Look["images"]> {
  const ids = names.map(async (name): Promise<[string, string | undefined]> => {
    try {
      return [name, (await docker.getImage(name).inspect()).Id];
    } catch (error) {
      if (isGone(error)) return [name, undefined];
      throw error;
    }
  });
  return new Map(await Promise.all(ids));
}

/** What was removed since it was listed is left out. */
async function present<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.flatMap((result) => {
    if (result.status === "fulfilled") return [result.value];
    if (isGone(result.reason)) return [];
    throw result.reason;
  });
}

function isGone(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404;
}
