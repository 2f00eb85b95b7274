import { mask, withoutDefaults, type Props } from "../pulumi/values.ts";

/** What a step does to one resource. */
export type Op = "create" | "update" | "replace" | "delete" | "same" | "read" | "refresh";

/** One happening of a run. `diff` lists changed inputs, secrets shown as `[secret]`; `ms` is a duration in milliseconds. */
export interface StepEvent {
  phase: "start" | "done" | "failed" | "diagnostic";
  op: Op;
  urn: string;
  type: string;
  name: string;
  ms?: number;
  message?: string;
  diff?: string[];
  detail?: StepDetail;
}

/** The inputs of a resource before and after a step, as {@link detailOf} makes them. */
export interface StepDetail {
  before?: Props;
  after?: Props;
  /** Inputs that differ, by name. */
  diff: string[];
  /** Those of them that force a replacement. */
  replaces: string[];
  /** Of a replacement: the old one is deleted before the new one is made. */
  deleteFirst?: boolean;
  /** URN of what it is a part of. */
  parent?: string;
}

/** What a preview or a refresh tells of a step: secrets as `[secret]`, unknowns as `[unknown]`, without the bookkeeping of defaults. */
export function detailOf(before: Props | undefined, after: Props | undefined, differs: Partial<StepDetail> = {}): StepDetail {
  return {
    ...(before === undefined ? {} : { before: shown(before) }),
    ...(after === undefined ? {} : { after: shown(after) }),
    diff: differs.diff ?? [],
    replaces: differs.replaces ?? [],
    ...(differs.deleteFirst === true ? { deleteFirst: true } : {}),
    ...(differs.parent === undefined ? {} : { parent: differs.parent }),
  };
}

function shown(props: Props): Props {
  return mask(withoutDefaults(props)) as Props;
}

/** The result of a run. `changes` counts finished steps by kind; `durationMs` is in milliseconds. */
export interface Summary {
  changes: Record<Op, number>;
  outputs: Record<string, { value: unknown; secret: boolean }>;
  durationMs: number;
  steps: StepEvent[];
}

/** A run that failed. `messages` has every error, most telling first; `message` joins them. */
export class EngineError extends Error {
  readonly messages: string[];
  constructor(messages: string[]) {
    super(messages.join("\n"));
    this.name = "EngineError";
    this.messages = messages;
  }
}

/** Collects the events of one run and hands each on as it happens. */
export class EventLog {
  readonly steps: StepEvent[] = [];
  readonly changes: Record<Op, number> = { create: 0, update: 0, replace: 0, delete: 0, same: 0, read: 0, refresh: 0 };
  readonly #listener: ((event: StepEvent) => void) | undefined;

  constructor(listener?: (event: StepEvent) => void) {
    this.#listener = listener;
  }

  /** `counted: false` is for the parts of a step that counts elsewhere, such as the deletion in a replacement. */
  emit(event: StepEvent, counted = true): void {
    if (isDefaultProvider(event)) {
      return;
    }
    if (event.phase === "done" && counted) {
      this.changes[event.op] += 1;
    }
    if (event.phase !== "start") {
      this.steps.push(event);
    }
    this.#listener?.(event);
  }

  /** A message about the run as a whole, or about the resource `urn`. */
  diagnostic(message: string, urn = ""): void {
    this.emit({ phase: "diagnostic", op: "read", urn, type: "", name: "", message });
  }
}

/** Default providers are the engine's own; like the CLI, it neither shows nor counts them. */
function isDefaultProvider(event: StepEvent): boolean {
  return event.phase !== "failed" && event.type.startsWith("pulumi:providers:") && /^default(_|$)/.test(event.name);
}
