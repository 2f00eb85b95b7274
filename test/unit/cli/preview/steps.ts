import type { ResourceDetail } from "../../../../cli/deploy/deployer.ts";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";
import type { Drift } from "../../../../cli/drift/finding.ts";
import type { Facts } from "../../../../cli/preview/model.ts";
import type { Step } from "../../../../cli/preview/tree.ts";

/** A small stack as its state has it, and steps on it, for the tests of previews. */
const stack = "urn:pulumi:prod::berth::pulumi:pulumi:Stack::berth-prod";
export const urnOf = (type: string, name: string) => `urn:pulumi:prod::berth::${type}::${name}`;

export const container = "docker:index/container:Container";
export const volume = "docker:index/volume:Volume";
const application = "berth:index:Application";

export const labels = (role: string, app?: string) => [{ label: "berth.role", value: role }, ...(app === undefined ? [] : [{ label: "berth.app", value: app }])];

/** Inputs of a container of the application `shop`. */
export const web = (more: Record<string, unknown> = {}) => ({ image: "r/shop@sha256:1", envs: ["POSTGRES_HOST=postgres", "MODE=a"], labels: labels("web", "shop"), memory: 128, cpus: "0.5", networksAdvanced: [{ name: "edge" }], ...more });

const parts: [type: string, name: string, parent: string][] = [
  [application, "shop", stack],
  ["berth:index:Workload", "shop-web", urnOf(application, "shop")],
  ["berth:index:Gateway", "shop-gateway", urnOf(application, "shop")],
  ["berth:index:Postgres", "postgres", stack],
  ["berth:index:Traefik", "traefik", stack],
  ["berth:index:Redis", "redis", stack],
];

/** `shop` with two replicas that use Postgres, Postgres, Traefik and Redis. */
export function state(): Deployment {
  const real = (type: string, name: string, parent: string, inputs: Record<string, unknown>) => ({ urn: urnOf(type, name), type, custom: true, parent, inputs });
  return {
    resources: [
      { urn: stack, type: "pulumi:pulumi:Stack" },
      ...parts.map(([type, name, parent]) => ({ urn: urnOf(type, name), type, custom: false, parent })),
      real(container, "shop-web-0", urnOf("berth:index:Workload", "shop-web"), web()),
      real(container, "shop-web-1", urnOf("berth:index:Workload", "shop-web"), web()),
      real(container, "postgres", urnOf("berth:index:Postgres", "postgres"), { labels: labels("postgres"), memory: 512, cpus: "1.0" }),
      real(container, "traefik", urnOf("berth:index:Traefik", "traefik"), { labels: labels("traefik"), memory: 256, cpus: "1.0" }),
      real(container, "redis", urnOf("berth:index:Redis", "redis"), { labels: labels("redis"), memory: 64, cpus: "0.5" }),
    ],
  };
}

export function step(op: Step["op"], type: string, name: string, detail: Partial<ResourceDetail> = {}): Step {
  return { op, urn: urnOf(type, name), type, name, detail: { diff: [], replaces: [], ...detail } };
}

/** A replacement of one of shop's replicas. */
export function replica(index: number, after: Record<string, unknown>, detail: Partial<ResourceDetail> = {}): Step {
  return step("replace", container, `shop-web-${index}`, { before: web(), after: web(after), diff: Object.keys(after), parent: urnOf("berth:index:Workload", "shop-web"), ...detail });
}

export function facts(steps: Step[], more: Partial<Facts> = {}): Facts {
  const changes: Record<string, number> = {};
  for (const { op } of steps) changes[op] = (changes[op] ?? 0) + 1;
  return { stack: "prod", engine: "pulumi", changes, steps, state: state(), settings: {}, commits: {}, migrations: {}, byHand: [], ...more };
}

/** What was changed by hand: a replica stopped, with other limits; Redis gone; a job and a volume of Postgres gone. */
export function drifts(): Drift[] {
  const base = { harmful: true, reason: "a reason", repair: "./berth up -s prod" } as const;
  return [
    { ...base, resource: "redis", kind: "container", urn: urnOf(container, "redis"), what: "missing", is: "no such container", state: "redis-1 runs", remedy: "forget" },
    { ...base, resource: "pg", kind: "volume", urn: urnOf(volume, "pg"), what: "missing", is: "no such volume", state: "prod-pg", remedy: "forget" },
    { ...base, resource: "shop-web-0", kind: "container", urn: urnOf(container, "shop-web-0"), what: "limits", is: "memory 96 MiB", state: "memory 64 MiB", remedy: "set-back" },
    { ...base, resource: "shop-web-0", kind: "container", urn: urnOf(container, "shop-web-0"), what: "stopped", is: "stopped, code 137", state: "running", remedy: "set-back" },
    { ...base, resource: "shop-web-1", kind: "container", urn: urnOf(container, "shop-web-1"), what: "disconnected", is: "its network prod-edge is gone", state: "on prod-edge", remedy: "replace" },
  ];
}
