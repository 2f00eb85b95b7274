/** What a difference is, for machines. */
export type What =
  | "missing"
  | "stopped"
  | "paused"
  | "restarting"
  | "unhealthy"
  | "starting"
  | "restarted"
  | "renamed"
  | "disconnected"
  | "connected"
  | "alias"
  | "limits"
  | "files"
  | "image"
  | "labels"
  | "driver"
  | "stray"
  | "guest"
  | "unfinished"
  | "reread";

/** How `berth up` puts it right, before it applies the program. */
export type Remedy =
  /** It leaves the state, and the update makes it anew. */
  | "forget"
  /** The update replaces it. */
  | "replace"
  /** The container is set back as it was, without a restart. */
  | "set-back"
  /** Not by `up`. */
  | "none";

/** One difference of one thing, without what it is a difference of. */
export interface Finding {
  what: What;
  /** What is there, for people. Never a value that may be secret. */
  is: string;
  /** What the state says, for people. */
  state: string;
  harmful: boolean;
  /** Why it does harm, or why not. */
  reason: string;
  /** The command that puts it right; empty where nothing is to be done. */
  repair: string;
  remedy: Remedy;
  /** The network that it is about, by name. */
  network?: string;
}

/** One difference between the real world and the state. */
export interface Drift extends Finding {
  /** Its name in the program; of what the state does not know, its name on the Docker host. */
  resource: string;
  kind: "container" | "service" | "network" | "volume" | "image" | "resource" | "stack";
  /** Undefined of what the state does not know. */
  urn?: string;
}

export const harmless = { harmful: false, repair: "", remedy: "none" } as const;
