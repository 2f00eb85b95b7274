import type { Props } from "./values.ts";

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

/** What a provider's operation may use. `provider` has the plain inputs of the provider resource. */
export interface Context {
  urn: string;
  name: string;
  provider: Props;
  signal: AbortSignal;
  note: (message: string) => void;
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
