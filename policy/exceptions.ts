import { types } from "../pulumi/resource-types.ts";
import { qualifiedType } from "../pulumi/urn.ts";
import type { Allowance, Settings, Subject } from "./rule.ts";

/** A part of the platform that can't keep a rule. */
export interface Exception {
  /** The end of the resource's chain of types. */
  within: string;
  allowance: Allowance;
  reason: string;
}

const job = `berth:index:Job$${types.container}`;

/** All exceptions of the platform. Those of an application are in its app.ts, under `unprepared`. */
export const exceptions: Exception[] = [
  {
    within: `berth:index:Volume$${job}`,
    allowance: { root: true, capabilities: ["CHOWN"] },
    reason: "gives a new volume, which is root's, to the user that it is for; it has no network, and nothing but that volume",
  },
  {
    within: `berth:index:Tools$${job}`,
    allowance: { root: true },
    reason: "writes the tools as root, so that no application can change what others run; it has no network and no capabilities",
  },
  {
    within: `berth:index:SnapshotRepository$${job}`,
    allowance: { root: true },
    reason: "the repository of snapshots is root's; it has no capabilities, and no volume but that",
  },
  {
    within: `berth:index:Snapshots$berth:index:Schedule$${types.container}`,
    allowance: { root: true, capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"] },
    reason: "reads volumes whose files are anybody's, which it mounts read-only, and gives what it restores in a drill back to its owners",
  },
];

/** The exception that a resource is under; undefined of most. */
export function exceptionOf(urn: string): Exception | undefined {
  const chain = qualifiedType(urn);
  return exceptions.find(({ within }) => chain === within || chain.endsWith(`$${within}`));
}

/** What is allowed to the container `subject` beyond the rules. */
export function allowanceOf(subject: Subject, app: string | undefined, { apps }: Settings): Allowance {
  return exceptionOf(subject.urn)?.allowance ?? (app === undefined ? undefined : apps[app]) ?? {};
}
