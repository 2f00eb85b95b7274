import type { Props } from "../pulumi/values.ts";

/** Which inputs differ, and which of those cannot be changed in place. */
export interface Difference {
  changed: string[];
  replace: string[];
}

/** What a resource became. `problem` is set when it exists but did not get ready (Pulumi's init error). */
export interface Made {
  id: string;
  outputs: Props;
  problem?: string;
}

/** A resource that was made, and about which something failed after that: the state has to know of it. */
export function halfMade(what: string, id: string, inputs: Props, error: unknown): Made {
  return { id, outputs: { ...inputs, id }, problem: `${what} was made, and then: ${error instanceof Error ? error.message : String(error)}` };
}

/** What a provider's operation may use. `provider` has the plain inputs of the provider resource. */
export interface Context {
  urn: string;
  name: string;
  provider: Props;
  signal: AbortSignal;
  note: (message: string) => void;
  /** Seconds that making it may take, as the program says. @default as long as it takes */
  limit?: number | undefined;
}

/** What is known of a resource before an operation, without secret wrappers. */
export interface Known {
  id: string;
  inputs: Props;
  outputs: Props;
}

/** The life of one resource type. Values are plain except in `check`; the engine keeps track of secrets. */
export interface ResourceType {
  /** Whether the provider asks for the old one to be deleted before the new one is made. */
  deleteBeforeReplace: boolean;
  /** The output `__meta`, in which a provider of Terraform's kind keeps its schema's version. Without it the CLI's provider takes a record for one of version 0 and upgrades it. @default none */
  meta?: string;
  /** Outputs that are secret by nature. */
  secretOutputs: readonly string[];
  /** Outputs that an update changes, so that a preview of one cannot know them. */
  changedByUpdate?: readonly string[];
  /** Fills in defaults (values may be wrapped as secrets here); throws an error that names each unsupported input. */
  check(name: string, inputs: Props, old: Props | undefined): Props;
  diff(old: Known, inputs: Props): Difference;
  /** Changes that are not in the inputs, such as a build context's content. */
  drift?(old: Known, inputs: Props): Promise<string[]>;
  create(context: Context, inputs: Props): Promise<Made>;
  update(context: Context, old: Known, inputs: Props): Promise<Made>;
  delete(context: Context, old: Known): Promise<void>;
  /** The resource as it is now, or undefined when it is gone. */
  read(context: Context, old: Known): Promise<Known | undefined>;
  /** Removes what an interrupted create may have left. `since` is when it began. */
  sweep?(context: Context, inputs: Props, since: Date): Promise<void>;
}
