import type { ContainerInspectInfo } from "dockerode";
import { type Deployment, realResources } from "../deploy/stack-state.ts";
import { wantedContainer } from "../drift/wanted.ts";
import { types } from "../../pulumi/resource-types.ts";
import { lackOf, replicasOf, type Tasks } from "../status/service-tasks.ts";
import { duration } from "../table.ts";
import type { Refusal } from "./check.ts";

export interface HealthOptions {
  stack: string;
  state: Deployment;
  /** All containers with the stack's label. */
  containers: readonly ContainerInspectInfo[];
  /** Of the services of a swarm. @default none */
  tasks?: Tasks;
  /** Of the Docker host, as its clock may differ. */
  now: Date;
  /** Seconds. */
  healthyFor: number;
}

/**
 * Whether every container and every replica of a service has run, and been healthy where it has a health check, since at least
 * `healthyFor`: counted from its last start, which a restart by the Docker Engine is too. Pure.
 */
export function healthRefusal({ stack, state, containers, tasks = new Map(), now, healthyFor }: HealthOptions): Refusal | undefined {
  const byId = new Map(containers.map((container) => [container.Id, container]));
  const findings: string[] = [];
  let wait = 0;
  for (const resource of realResources(state).filter(({ type }) => type === types.container)) {
    const { lasting, name, failed } = wantedContainer(resource);
    if (failed) findings.push(`${name} is a job that failed`);
    if (!lasting) continue;
    const container = byId.get(resource.id ?? "");
    if (container === undefined) findings.push(`${name} is gone`);
    else {
      const problem = problemOf(container) ?? wasUnhealthy(container, new Date(now.getTime() - healthyFor * 1000));
      const up = Math.floor((now.getTime() - Date.parse(container.State.StartedAt)) / 1000);
      if (problem !== undefined) findings.push(`${name} ${problem}`);
      else if (up < healthyFor) {
        wait = Math.max(wait, healthyFor - up);
        findings.push(`${name} has run since ${duration(Math.max(0, up) * 1000)} only, and must for ${duration(healthyFor * 1000)}${restarts(container)}`);
      }
    }
  }
  for (const resource of realResources(state).filter(({ type }) => type === types.service)) {
    const replicas = replicasOf(resource, tasks);
    const lack = lackOf(replicas);
    const up = Math.floor((now.getTime() - replicas.newest) / 1000);
    if (lack !== undefined) findings.push(`${replicas.name}: ${lack}`);
    else if (up < healthyFor) {
      wait = Math.max(wait, healthyFor - up);
      findings.push(`${replicas.name} has run since ${duration(Math.max(0, up) * 1000)} only, in its newest replica, and must for ${duration(healthyFor * 1000)}`);
    }
  }
  if (findings.length === 0) return undefined;
  const young = findings.every((finding) => finding.includes(" has run since "));
  const remedy = young
    ? `wait for ${duration(wait * 1000)}, or ask for less: --healthy-for`
    : `./berth status -s ${stack} and ./berth logs -s ${stack} show why; ./berth up -s ${stack} repairs what was stopped or removed`;
  return { check: "healthy", because: findings, remedy };
}

function problemOf({ State, RestartCount }: ContainerInspectInfo): string | undefined {
  if (State.Restarting) return `is restarting, for the ${RestartCount}. time`;
  if (State.Paused) return "is paused";
  if (!State.Running) return `is ${State.Status}, with code ${State.ExitCode}`;
  if (State.Health === undefined || State.Health.Status === "none") return undefined;
  return State.Health.Status === "healthy" ? undefined : `is ${State.Health.Status}`;
}

/** When it was unhealthy since a time, as far as Docker remembers: it keeps the last five answers. */
function wasUnhealthy({ State, Config }: ContainerInspectInfo, since: Date): string | undefined {
  const retries = Config?.Healthcheck?.Retries || 3; // Docker's own default
  const log = State.Health?.Log ?? [];
  const wellOnce = log.findIndex(({ ExitCode }) => ExitCode === 0); // those before are of the start
  let inARow = 0;
  for (const { ExitCode, Start } of wellOnce === -1 ? [] : log.slice(wellOnce)) {
    inARow = ExitCode === 0 ? 0 : inARow + 1;
    if (inARow >= retries && Date.parse(Start) >= since.getTime()) return `was unhealthy at ${Start}`;
  }
  return undefined;
}

function restarts({ RestartCount }: ContainerInspectInfo): string {
  return RestartCount > 0 ? `; the Docker Engine has restarted it ${RestartCount} times` : "";
}
