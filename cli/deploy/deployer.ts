import type Dockerode from "dockerode";
import type { Login } from "./registry-login.ts";
import type { Asked } from "./recorded-program.ts";
import type { Scope } from "./scope.ts";
import type { Deployment, Outputs, StateResource } from "./stack-state.ts";

/** What happened to one resource, the same for both engines. */
export interface ResourceEvent {
  /** `progress`: its `message` says what a step that runs is at. */
  phase: "start" | "progress" | "done" | "failed" | "diagnostic";
  op: string;
  urn: string;
  type: string;
  name: string;
  ms?: number;
  message?: string;
  /** What differs: of what changes in a preview or a refresh, and of what the Pulumi CLI could not do. */
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
  /** URNs of protected volumes that leave the state though they are protected: {@link letGo} of data-volumes.ts. @default none */
  letGo?: string[];
  /** What the release that an update makes says of itself, for example `rollback to 3`. @default nothing */
  note?: string;
  /** Which applications it is of. A preview tells of these and of the platform, and looks at no other. @default all */
  scope?: Scope | undefined;
  /** URNs of all that an update may change; with a scope. @default everything */
  targets?: readonly string[];
  /** Full keys of secrets whose older values leave the records of releases. @default none */
  purge?: readonly string[];
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
  /** The applications that it was of; all, where it does not say. */
  apps?: string[];
  /** Whether a later update of the same applications, or of all, ended well, so that nothing of this one is left. @default false */
  followed?: boolean;
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

/** Applies one stack: by the Pulumi CLI (pulumi.ts) or by the embedded engine (embedded.ts). */
export interface Deployer {
  readonly engine: "pulumi" | "embedded";
  /** For people: which engine, and where its state is. */
  readonly description: string;
  /**
   * Whether the policy lets the program through; before anything is looked at or put right on the host.
   *
   * @returns what the program asks for; undefined where the Pulumi CLI alone can run it.
   * @throws PolicyRefusal
   */
  checkPolicy(options: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked | undefined>;
  /** The same, but what the Pulumi CLI alone can run it checks in {@link preview}. */
  asked(options: Pick<RunOptions, "onEvent" | "signal" | "scope">): Promise<Asked | undefined>;
  preview(options: RunOptions): Promise<Outcome>;
  up(options: RunOptions): Promise<Outcome>;
  /** Makes the state say what is there; what is gone leaves it, and the next update makes it anew. */
  refresh(options: RefreshOptions): Promise<Outcome>;
  destroy(options: DestroyOptions): Promise<Outcome>;
  outputs(): Promise<Outputs>;
  /** One output with the secrets in it, in plain text; undefined where the stack has none of this name. */
  secretOutput(name: string): Promise<unknown>;
  /** Values of the state that the stack generated, in plain text, so that they can be taken out of messages. */
  generated(): Promise<string[]>;
  /** Updates that failed, newest first, as far back as the engine remembers them. */
  failedUpdates(): Promise<FailedUpdate[]>;
  /** The state as it is; empty before the first update. Secrets in it stay encrypted. */
  state(): Promise<Deployment>;
  /**
   * Puts right what an update that was killed left behind, before the next: what it had begun to create and could not
   * record is removed, so that nothing exists twice. Returns what was removed, by name.
   *
   * @throws OpsError where an update is running.
   */
  recover(docker: Dockerode, state: Deployment): Promise<string[]>;
  /**
   * Does something with a stack's containers while no update of it can begin. A state in a bucket, or at a service, has a
   * lock that the CLI alone can take: there it is done without.
   *
   * @throws OpsError where an update is running, saying whose.
   */
  locked<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Writes records of an earlier state in the place of those of the same resources: what they say is there again. */
  putBack(records: readonly StateResource[]): Promise<void>;
  /** The login that the stack's images are pulled with, by the registry's address; undefined where it has none. */
  login(address: string): Promise<Login | undefined>;
}

/** Counts of what changes something; neither what stayed the same nor what was only read. */
export function realChanges(counts: Readonly<Record<string, number>>): Record<string, number> {
  const idle = new Set(["same", "read", "refresh"]);
  return Object.fromEntries(Object.entries(counts).filter(([op, count]) => count > 0 && !idle.has(op)));
}
