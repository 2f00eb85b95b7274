import { typeOf } from "../../pulumi/urn.ts";
import { types } from "../../pulumi/resource-types.ts";
import { type ContainerChange, environmentOf, labelOf } from "./containers.ts";
import { said, type Text, unmarked } from "./said.ts";
import type { Owner, Step } from "./tree.ts";
import { patience } from "../../components/postgres/gateway-config.ts";
import { labels } from "../../components/docker/labels.ts";

/** Something that a reviewer must know of before it happens. */
export interface Effect {
  happens: boolean;
  /** Why, or what else is to be said. */
  reasons: Text[];
}

/** A service that others use, which is stopped before it starts anew. */
const services: { role: string; name: string; uses: (environment: Record<string, string>, role: string) => boolean; reason: string }[] = [
  { role: "traefik", name: "Traefik", uses: (_, role) => role === "web", reason: "Traefik stops before it starts anew: no address answers until it is up" },
  { role: "postgres", name: "Postgres", uses: ({ POSTGRES_HOST: host }) => host !== undefined, reason: `Postgres stops before it starts anew: connections to it are lost, and new ones wait until it is up, for ${patience} s at most` },
  { role: "redis", name: "Redis", uses: ({ REDIS_HOST: host }) => host !== undefined, reason: "Redis stops before it starts anew: connections to it are lost, and new ones fail until it is up" },
];

/** Containers of a part that run now, by their inputs. */
export type Running = readonly Record<string, unknown>[];

/** Whether a request to one application can fail, from its own changes and those of the services that it uses. */
export function requestsOf(owner: Owner, changes: readonly ContainerChange[], all: readonly ContainerChange[], steps: readonly Step[], running: Running): Effect {
  const reasons: Text[] = [];
  const web = changes.filter(({ role }) => role === "web");
  const before = running.filter((inputs) => labelOf(inputs, labels.role) === "web");
  if (web.some(({ fate }) => fate === "restarted")) reasons.push(said`${owner.name} stops before it starts anew, as two of it can't share its data`);
  const gone = web.filter(({ fate }) => fate === "stopped").length;
  if (gone > 0 && gone === before.length && !web.some(({ fate }) => fate === "started")) reasons.push(said`${owner.name} is taken away: its address answers no more`);
  for (const { role, uses, reason } of services) {
    const stops = all.some((change) => change.role === role && (change.fate === "restarted" || change.fate === "stopped"));
    const used = changes.some((change) => change.role === role) || running.some((inputs) => uses(environmentOf(inputs), labelOf(inputs, labels.role) ?? ""));
    if (stops && used) reasons.push([reason]);
  }
  const gateways = steps.filter(({ type, detail }) => type === types.container && typeOf(detail.parent ?? "") === "berth:index:Gateway").map(({ name }) => name);
  if (changes.some(({ name, fate }) => gateways.includes(name) && fate === "replaced")) reasons.push(said`the gateway from ${owner.name} to Postgres is replaced: connections that are open are lost once`);
  const networks = steps.filter(({ type, op }) => type === types.network && (op === "replace" || op === "delete"));
  for (const { detail } of networks) {
    const name = nameIn(detail.before);
    if (running.some((inputs) => networksOf(inputs).includes(name)) && changes.every(({ fate }) => fate !== "stopped")) {
      reasons.push(said`the network ${name} is made anew, and what is on it is cut off meanwhile`);
    }
  }
  return { happens: reasons.length > 0, reasons };
}

function nameIn(inputs: Record<string, unknown> | undefined): string {
  const name = inputs?.["name"];
  return typeof name === "string" ? name : "?";
}

function networksOf(inputs: Record<string, unknown>): unknown[] {
  const list = inputs["networksAdvanced"];
  return Array.isArray(list) ? list.map((entry: { name?: unknown } | null) => entry?.name) : [];
}

/** What happens to the volumes that hold data. A new one touches none. @param there Names of volumes that the Docker host has. */
export function dataOf(steps: readonly Step[], there: ReadonlySet<string>): Effect {
  const volumes = steps.filter(({ type, detail }) => type === types.volume && labelOf(detail.after ?? detail.before, labels.role) === "data");
  const reasons = volumes.map(({ op, detail }) => {
    const name = nameIn(detail.before ?? detail.after);
    if (op === "create" && there.has(name)) return said`the volume ${name} is on the Docker host already, and its data is used again`;
    if (op === "create") return said`the volume ${name} is new and empty`;
    if (op === "delete") return said`the volume ${name} leaves the stack and stays on the Docker host with its data, for when its part comes back; to delete it: ${`docker volume rm ${name}`}`;
    return op === "replace" ? said`the volume ${name} is replaced by an empty one` : said`the settings of the volume ${name} change`;
  });
  return { happens: volumes.some(({ op, detail }) => op !== "create" || there.has(nameIn(detail.after))), reasons };
}

/** The effects of several parts as one; what several say is said once. */
export function union(effects: readonly Effect[]): Effect {
  const reasons = new Map(effects.filter(({ happens }) => happens).flatMap((effect) => effect.reasons.map((reason) => [unmarked(reason), reason])));
  return { happens: effects.some(({ happens }) => happens), reasons: [...reasons.values()] };
}
