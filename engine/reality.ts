import { dockerClient, dockerHost, explain } from "./docker/host.ts";
import { shouldRun } from "./docker/container.ts";
import { plainProps, type Props } from "../pulumi/values.ts";
import type { Resource } from "../pulumi/state.ts";

interface Lists {
  containers: Map<string, string>;
  networks: Set<string>;
  volumes: Set<string>;
}

/** What a look at the engine shows of a resource that the state has. */
export type Presence = "there" | "missing" | "stopped";

/** What is on each Docker host, by three list calls a host, made when first asked for. */
export class Reality {
  readonly #hosts = new Map<string, Promise<Lists | undefined>>();
  readonly #onUnreachable: ((error: Error) => void) | undefined;

  /** With `onUnreachable`, an engine that cannot be reached is reported once and everything is taken to be there. */
  constructor(onUnreachable?: (error: Error) => void) {
    this.#onUnreachable = onUnreachable;
  }

  async presence(resource: Resource, provider: Props): Promise<Presence> {
    const kind = /^docker:index\/(container|network|volume):/.exec(resource.type)?.[1];
    if (kind === undefined || resource.id === undefined) {
      return "there";
    }
    const lists = await this.#listsOf(provider);
    if (lists === undefined) {
      return "there";
    }
    if (kind === "container") {
      const state = lists.containers.get(resource.id);
      const runs = state === "running" || state === "restarting" || state === "paused";
      return state === undefined ? "missing" : !runs && shouldRun(plainProps(resource.inputs ?? {})) ? "stopped" : "there";
    }
    return (kind === "network" ? lists.networks : lists.volumes).has(resource.id) ? "there" : "missing";
  }

  #listsOf(provider: Props): Promise<Lists | undefined> {
    const host = dockerHost(provider);
    let lists = this.#hosts.get(host);
    if (lists === undefined) {
      lists = list(provider).catch((error: unknown) => {
        const explained = explain("looking at what is there", error, provider);
        if (this.#onUnreachable === undefined) {
          throw explained;
        }
        this.#onUnreachable(explained);
        return undefined;
      });
      this.#hosts.set(host, lists);
    }
    return lists;
  }
}

async function list(provider: Props): Promise<Lists> {
  const client = dockerClient(provider);
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    client.listContainers({ all: true }),
    client.listNetworks(),
    client.listVolumes(),
  ]);
  return {
    containers: new Map(containers.map((container) => [container.Id, container.State])),
    networks: new Set(networks.map((network) => network.Id)),
    volumes: new Set((volumes ?? []).map((volume) => volume.Name)),
  };
}
