import type Dockerode from "dockerode";
import { SIGNATURE } from "../engine/values.ts";
import { types } from "./resource-types.ts";

/** What happened to one resource, the same for both engines. */
export interface ResourceEvent {
  phase: "start" | "done" | "failed" | "diagnostic";
  op: string;
  urn: string;
  type: string;
  name: string;
  ms?: number;
  message?: string;
  /** What differs; only in previews and refreshes, and only of what changes. */
  detail?: ResourceDetail;
}

/** One resource before and after: its inputs, secrets as `[secret]`, what a preview cannot know as `[unknown]`. */
export interface ResourceDetail {
  /** Undefined of what is created. */
  before?: Record<string, unknown>;
  /** Undefined of what is deleted. */
  after?: Record<string, unknown>;
  /** Paths of the properties that differ, for example `image` or `envs[0]`; the embedded engine names the first part alone. */
  diff: string[];
  /** Those of them that force a replacement. */
  replaces: string[];
  /** Of a replacement: the old one is deleted before the new one is made. @default false */
  deleteFirst?: boolean;
  /** URN of what it is a part of. */
  parent?: string;
}

export type Outputs = Record<string, { value: unknown; secret: boolean }>;

export interface Outcome {
  /** Resources by operation; `same` is not a change. */
  changes: Record<string, number>;
  outputs: Outputs;
}

export interface RunOptions {
  onEvent?: (event: ResourceEvent) => void;
  /** URNs that are replaced even though they have not changed. */
  replace?: string[];
  signal?: AbortSignal;
  /** File of the Pulumi CLI's own plan, which a preview writes and an update follows; the embedded engine has none. @default none */
  plan?: string;
  /** What the release that an update makes says of itself, for example `rollback to 3`. @default nothing */
  note?: string;
}

/** An update that failed, as the engine remembers it. */
export interface FailedUpdate {
  /** When it began and ended: ISO 8601 in UTC. */
  start: string;
  end: string;
  /** Who ran it, and where, as far as the engine knows. */
  by?: string;
  host?: string;
  revision?: string;
  dirty?: boolean;
}

export interface RefreshOptions extends RunOptions {
  /** URNs of what is looked at. @default everything */
  only?: string[];
  /** Tells what differs and changes nothing, neither the state nor the world; takes no lock. @default false */
  readOnly?: boolean;
}

export interface DestroyOptions extends RunOptions {
  /** Also what is protected: the volumes with the data. */
  includeProtected: boolean;
}

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
  delete?: boolean;
  protect?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** Applies one stack: by the Pulumi CLI (pulumi.ts) or by the embedded engine (embedded.ts). */
export interface Deployer {
  readonly engine: "pulumi" | "embedded";
  /** For people: which engine, and where its state is. */
  readonly description: string;
  preview(options: RunOptions): Promise<Outcome>;
  up(options: RunOptions): Promise<Outcome>;
  /** Makes the state say what is there; what is gone leaves it, and the next update makes it anew. */
  refresh(options: RefreshOptions): Promise<Outcome>;
  destroy(options: DestroyOptions): Promise<Outcome>;
  outputs(): Promise<Outputs>;
  /** One output with the secrets in it, in plain text; undefined where the stack has none of this name. */
  secretOutput(name: string): Promise<unknown>;
  /** Updates that failed, newest first, as far back as the engine remembers them. */
  failedUpdates(): Promise<FailedUpdate[]>;
  /** The state as it is; empty before the first update. Secrets in it stay encrypted. */
  state(): Promise<Deployment>;
  /**
   * Puts right what an update that was killed left behind, before the next: what it made and could not record is
   * removed, so that nothing exists twice. Returns what was removed, by name.
   *
   * @throws OpsError where an update is running.
   */
  recover(docker: Dockerode, state: Deployment): Promise<string[]>;
  /** The login that the stack's images are pulled with, by the registry's address; undefined where it has none. */
  login(address: string): Promise<Login | undefined>;
}

export interface Login {
  username: string;
  password: string;
}

/** Counts of what changes something; neither what stayed the same nor what was only read. */
export function realChanges(counts: Readonly<Record<string, number>>): Record<string, number> {
  const idle = new Set(["same", "read", "refresh"]);
  return Object.fromEntries(Object.entries(counts).filter(([op, count]) => count > 0 && !idle.has(op)));
}

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

/**
 * The login for a registry among the settings of the providers, in a state with plain secrets. A stack that builds
 * nothing, as all of it was promoted, has no image that was pushed.
 */
export function loginOf(deployment: Deployment, address: string): Login | undefined {
  const found = (deployment.resources ?? [])
    .filter(({ type, delete: gone }) => type === types.dockerProvider && gone !== true)
    .flatMap(({ inputs }) => {
      // A provider's settings are texts: a list is one in JSON.
      const text = plain(inputs?.["registryAuth"]);
      return typeof text === "string" ? (JSON.parse(text) as Partial<Login & { address: string }>[]) : [];
    })
    .find((registry) => registry.address === address);
  if (found?.username === undefined || found.password === undefined) return undefined;
  return { username: found.username, password: found.password };
}

/** `stack export --show-secrets` wraps each secret as JSON text beside a signature. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("plaintext" in value)) return value;
  return JSON.parse(String(value.plaintext));
}
