import { isDeepStrictEqual } from "node:util";
import type Dockerode from "dockerode";
import { SIGNATURE } from "../../pulumi/values.ts";
import type { StateResource } from "../deploy/stack-state.ts";
import { labels } from "../../docker/labels.ts";
import { type Finding, harmless } from "./finding.ts";
import { labelsOf, nameOnHost, text } from "./wanted.ts";

/** A network of the state. `found` has the same name; `own` has the ids of the stack's containers. */
export function networkFindings(resource: StateResource, found: Dockerode.NetworkInspectInfo | undefined, own: ReadonlySet<string>, up: string): Finding[] {
  const name = nameOnHost(resource);
  const remake = { harmful: true, repair: up, remedy: "forget" } as const;
  if (found === undefined) return [{ what: "missing", is: "no such network", state: name, ...remake, reason: "its containers reach nothing there" }];
  if (found.Id !== resource.id) {
    const repair = `docker network rm ${name} && ${up}`;
    return [{ what: "missing", is: `another network of the name ${name}`, state: name, harmful: true, reason: "made by somebody else, perhaps with a way out", repair, remedy: "none" }];
  }
  return Object.entries(found.Containers ?? {})
    // An overlay network has an endpoint of its own, for balancing.
    .filter(([id]) => !own.has(id) && !id.startsWith("lb-"))
    .map(([, { Name }]): Finding => {
      const repair = `docker network disconnect -f ${name} ${Name}`;
      return { what: "guest", is: `${Name} is on it`, state: "only the stack's containers", harmful: true, reason: "a container of somebody else reaches the stack's there", repair, remedy: "none" };
    });
}

/** A volume of the state. */
export function volumeFindings(resource: StateResource, found: Dockerode.VolumeInspectInfo | undefined, up: string): Finding[] {
  const wanted = labelsOf(resource);
  const data = wanted[labels.role] === "data" || resource.retainOnDelete === true || resource.protect === true;
  const name = String(resource.id);
  if (found === undefined) {
    const reason = data ? "its data is gone, and up refuses to begin with an empty one unless it is told to; ./berth restore brings back Postgres" : "its containers cannot start";
    return [{ what: "missing", is: "no such volume", state: name, harmful: true, reason, repair: data ? `${up} --data-lost` : up, remedy: "forget" }];
  }
  const has = (found.Labels as Record<string, string> | null) ?? {};
  const lost = Object.entries(wanted).filter(([label, value]) => has[label] !== value).map(([label]) => label);
  const added = Object.keys(has).filter((label) => !(label in wanted));
  return [
    ...(isElsewhere(resource, found) ? [{ what: "driver", is: "with another driver or other options", state: "as it was made", harmful: true, reason: "another volume of the same name: its data is in another place", repair: `docker volume inspect ${name}`, remedy: "none" } as const] : []),
    ...(lost.length === 0 ? [] : [{ what: "labels", is: named("without", lost), state: named("with", lost), harmful: true, reason: "another volume of the same name: what was in the first is not in it, and down does not know it", repair: `docker volume inspect ${name}`, remedy: "none" } as const]),
    ...(added.length === 0 ? [] : [{ what: "labels", is: named("with", added), state: named("without", added), ...harmless, reason: "nothing reads it" } as const]),
  ];
}

/** Options can hold a login, so they are compared only where the state has them in plain text, and never told. */
function isElsewhere({ inputs = {}, outputs = {} }: StateResource, { Driver, Options }: Dockerode.VolumeInspectInfo): boolean {
  const driver = text(outputs["driver"]);
  const wanted = Object.entries((inputs["driverOpts"] ?? {}) as Record<string, unknown>);
  const plain = wanted.every(([key, value]) => typeof value === "string" && key !== SIGNATURE);
  return (driver !== "" && Driver !== driver) || (plain && !isDeepStrictEqual(Object.fromEntries(wanted), { ...Options }));
}

function named(word: string, list: string[]): string {
  return `${word} the label ${list.join(", ")}`;
}

/** An image that the state names by a tag: the tag can be moved, the digest not. */
export function imageFindings(resource: StateResource, now: string | undefined): Finding[] {
  const state = text(resource.outputs?.["imageId"]);
  const name = text(resource.inputs?.["name"]);
  if (now === undefined) return [{ what: "missing", is: "no such image", state: name, ...harmless, remedy: "forget", reason: "containers that run have it; the next up fetches it again where it must" }];
  if (state === "" || now === state) return [];
  const reason = "what runs keeps its image; what is made anew gets the other one. Digests do not move: ./berth images lock";
  return [{ what: "image", is: `${name} is ${short(now)}`, state: short(state), ...harmless, reason }];
}

/**
 * A build whose image the host has no more, where the registry is the stack's own: it was on that host too, so it can't be
 * pulled. One that the registry still has is built from the builder's cache, and is the same.
 */
export function builtFindings(resource: StateResource): Finding[] {
  return [{ what: "missing", is: "no such image", state: nameOnHost(resource), ...harmless, remedy: "replace", reason: "the stack's own registry may have lost it too; the next up builds it again" }];
}

function short(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
