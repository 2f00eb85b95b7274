import type { Deployment } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import { containerChange, runningContainers } from "./containers.ts";
import type { Step } from "./tree.ts";

/** Limits of all containers that stay, summed up: memory in MiB, processors in cores. */
export interface Sum {
  containers: number;
  memory: number;
  cpus: number;
}

export interface Host {
  /** MiB. */
  memory: number;
  cpus: number;
}

export interface Capacity {
  before: Sum;
  after: Sum;
  /** While old and new containers run side by side. */
  during: Sum;
  /** Undefined where the Docker host was not asked, or did not answer. */
  host?: Host;
}

export function capacityOf(state: Deployment, steps: readonly Step[], host: Host | undefined): Capacity {
  const { before, after } = runningContainers(state, steps);
  const beside = steps.filter((step) => step.type === types.container && after.has(step.urn) && containerChange(step).fate === "replaced").map(({ urn }) => before.get(urn) ?? {});
  const leaving = [...before].filter(([urn]) => !after.has(urn)).map(([, inputs]) => inputs);
  return {
    before: sum([...before.values()]),
    after: sum([...after.values()]),
    during: sum([...after.values(), ...beside, ...leaving]),
    ...(host !== undefined && { host }),
  };
}

function sum(containers: readonly Record<string, unknown>[]): Sum {
  const of = (key: string) => Math.round(containers.reduce((total, inputs) => total + (Number(inputs[key]) || 0), 0) * 100) / 100;
  return { containers: containers.length, memory: of("memory"), cpus: of("cpus") };
}
