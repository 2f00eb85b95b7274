import { SIGNATURE } from "../../pulumi/values.ts";
import { types } from "../../pulumi/resource-types.ts";

/** A stack's state in Pulumi's deployment format, as far as operators' commands look at it. */
export interface Deployment {
  resources?: StateResource[];
  pending_operations?: { resource: StateResource; type: string }[];
}

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  parent?: string;
  dependencies?: string[];
  delete?: boolean;
  /** Why it exists and is not ready. */
  initErrors?: string[];
  protect?: boolean;
  retainOnDelete?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export type Outputs = Record<string, { value: unknown; secret: boolean }>;

/** Outputs of the stack as of its last update; none before the first. */
export function outputsOf({ resources = [] }: Deployment): Outputs {
  return shownOutputs(resources.find(({ type }) => type === types.stack)?.outputs ?? {});
}

/** A secret output keeps its place, not its value. */
export function shownOutputs(raw: Record<string, unknown>): Outputs {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => {
      const secret = typeof value === "object" && value !== null && SIGNATURE in value;
      return [name, { value: secret ? "[secret]" : value, secret }];
    }),
  );
}

/** The name of a resource, the last part of its URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** Resources that exist, without components, providers and the stack itself. */
export function realResources(deployment: Deployment): StateResource[] {
  return (deployment.resources ?? []).filter(({ custom, type, delete: gone }) => custom === true && gone !== true && !type.startsWith("pulumi:"));
}

/** Containers that should have run to a good end and did not: the next update must run them again. */
export function failedJobs(deployment: Deployment): string[] {
  return realResources(deployment)
    .filter(({ type, inputs, outputs }) => {
      const ran = type === types.container && inputs?.["attach"] === true && inputs["mustRun"] === false;
      return ran && typeof outputs?.["exitCode"] === "number" && outputs["exitCode"] !== 0;
    })
    .map(({ urn }) => urn);
}
