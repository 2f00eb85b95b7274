import type { ContainerInspectInfo } from "dockerode";
import { changedLimits, limitsText } from "./limits.ts";
import { type Finding, harmless } from "./finding.ts";
import type { WantedContainer } from "./wanted.ts";

/** What the host has, as far as a container's findings depend on it. */
export interface Surroundings {
  /** Names of the volumes and networks that are there. */
  volumes: ReadonlySet<string>;
  networks: ReadonlySet<string>;
  /** The command that repairs what `berth up` repairs. */
  up: string;
}

/** How one container differs from what the state says. Pure: `found` is undefined where there is none of that id. */
export function containerFindings(wanted: WantedContainer, found: ContainerInspectInfo | undefined, around: Surroundings): Finding[] {
  if (found === undefined) return [missing(wanted, around)];
  if (!wanted.lasting) return ended(wanted, found);
  const state = [...runState(wanted, found, around)];
  return [...state, ...health(wanted, found, state.length > 0), ...name(wanted, found, around), ...networks(wanted, found, around), ...limits(wanted, found, around)];
}

function missing({ name, lasting, failed, volumes }: WantedContainer, around: Surroundings): Finding {
  const gone = volumes.filter((volume) => !around.volumes.has(volume));
  const base = { what: "missing", is: "no such container", state: lasting ? `${name} runs` : `${name} has ended` } as const;
  if (lasting) return { ...base, harmful: true, reason: "what it did, nobody does", repair: around.up, remedy: "forget" };
  if (gone.length > 0) return { ...base, harmful: true, reason: `it filled the volume ${gone.join(", ")}, which is gone too`, repair: around.up, remedy: "forget" };
  if (failed) return { ...base, harmful: true, reason: "it failed, and must run again", repair: around.up, remedy: "forget" };
  return { ...base, ...harmless, reason: "it had done its work, and what it did stays" };
}

function ended({ name: state }: WantedContainer, { Name }: ContainerInspectInfo): Finding[] {
  const is = Name.slice(1);
  return is === state ? [] : [{ what: "renamed", is, state, ...harmless, reason: "nothing looks for it by its name" }];
}

function* runState({ name, networks: wanted = [] }: WantedContainer, { State, RestartCount }: ContainerInspectInfo, around: Surroundings): Generator<Finding> {
  const state = "running";
  // One whose network is gone cannot be started.
  const lost = wanted.filter((network) => !around.networks.has(network.name));
  const back = { harmful: true, repair: around.up, remedy: lost.length > 0 ? "replace" : "set-back" } as const;
  if (State.Paused) yield { what: "paused", is: "paused", state, ...back, reason: "it answers nothing, and its callers wait" };
  else if (State.Restarting) {
    const is = `restarting, as it ends with code ${State.ExitCode}`;
    yield { what: "restarting", is, state, harmful: true, reason: "it does not stay up", repair: `docker logs --tail 50 ${name}`, remedy: "none" };
  } else if (!State.Running) {
    const why = State.OOMKilled ? ", out of memory" : "";
    const is = State.Status === "created" ? "made and never started" : `stopped, code ${State.ExitCode}${why}`;
    yield { what: "stopped", is, state, ...back, reason: "what it did, nobody does" };
  } else if (RestartCount > 0) {
    const is = `was restarted ${RestartCount} times by the Docker Engine`;
    yield { what: "restarted", is, state, ...harmless, reason: "it runs now; ./berth status counts restarts" };
  }
}

function health({ name }: WantedContainer, { State }: ContainerInspectInfo, down: boolean): Finding[] {
  const status = State.Health?.Status;
  if (down && !State.Running) return [];
  if (status === "unhealthy" && !State.Paused) {
    const repair = `docker logs --tail 50 ${name}; docker restart ${name}`;
    return [{ what: "unhealthy", is: "unhealthy", state: "healthy", harmful: true, reason: "its health check fails, so Traefik sends it no requests", repair, remedy: "none" }];
  }
  return status === "starting" ? [{ what: "starting", is: "not healthy yet", state: "healthy", ...harmless, reason: "it was started a moment ago" }] : [];
}

function name({ name: state }: WantedContainer, { Name }: ContainerInspectInfo, { up }: Surroundings): Finding[] {
  const is = Name.slice(1);
  if (is === state) return [];
  return [{ what: "renamed", is, state, harmful: true, reason: "Traefik's routes and other containers find it by its name", repair: up, remedy: "set-back" }];
}

function networks({ networks: wanted }: WantedContainer, { NetworkSettings }: ContainerInspectInfo, around: Surroundings): Finding[] {
  if (wanted === undefined) return [];
  const connected = NetworkSettings.Networks as Record<string, { Aliases?: string[] | null; DNSNames?: string[] | null }>;
  const known = new Set(wanted.map(({ name: network }) => network));
  const back = { harmful: true, repair: around.up, remedy: "set-back" } as const;
  const away = wanted.flatMap(({ name: network, aliases }): Finding[] => {
    const endpoint = connected[network];
    if (!around.networks.has(network)) {
      return [{ what: "disconnected", network, is: `its network ${network} is gone`, state: `on ${network}`, ...back, remedy: "replace", reason: "it reaches nothing there, and is not reached" }];
    }
    if (endpoint === undefined) {
      return [{ what: "disconnected", network, is: `not on ${network}`, state: `on ${network}`, ...back, reason: "it reaches nothing there, and is not reached" }];
    }
    const names = new Set([...(endpoint.Aliases ?? []), ...(endpoint.DNSNames ?? [])]);
    const lost = aliases.filter((alias) => !names.has(alias));
    if (lost.length === 0) return [];
    return [{ what: "alias", network, is: `on ${network} without the name ${lost.join(", ")}`, state: `on ${network} as ${aliases.join(", ")}`, ...back, reason: "others find it there by that name" }];
  });
  const beside = Object.keys(connected).filter((network) => !known.has(network));
  const strange = beside.map((network): Finding => ({ what: "connected", network, is: `on ${network}`, state: `not on ${network}`, ...back, reason: "it reaches what the program keeps from it, and is reached from there" }));
  return [...away, ...strange];
}

function limits({ limits: wanted }: WantedContainer, { HostConfig }: ContainerInspectInfo, { up }: Surroundings): Finding[] {
  const { changed, bounds } = changedLimits(wanted, HostConfig);
  const found: Finding[] = [];
  if (Object.keys(changed).length > 0) {
    const before = Object.fromEntries(Object.keys(changed).map((key) => [key, wanted[key as keyof typeof wanted]]));
    const reason = "restart" in changed && Object.keys(changed).length === 1 ? "after a failure, or a restart of the Docker Engine, it does not do what the program says" : "it takes more from others than planned, or has too little";
    found.push({ what: "limits", is: limitsText(changed), state: limitsText(before), harmful: true, reason, repair: up, remedy: "set-back" });
  }
  if (bounds.length > 0) found.push({ what: "limits", is: bounds.join(", "), state: "not bounded", ...harmless, reason: "a bound beside the program's, gone with the next replacement" });
  return found;
}
