import { performance } from "node:perf_hooks";
import { SIGNATURE, UNKNOWN } from "../../pulumi/values.ts";
import { type Outcome, realChanges, type ResourceDetail, type ResourceEvent } from "./deployer.ts";
import { nameOf, type Outputs, shownOutputs } from "./stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";

interface Metadata {
  op: string;
  urn: string;
  type: string;
  old?: Snapshot | null;
  new?: Snapshot | null;
  /** Inputs that force a replacement. */
  keys?: string[] | null;
  diffs?: string[] | null;
  detailedDiff?: Record<string, { diffKind: string }> | null;
}

interface Snapshot {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  parent?: string;
}

interface EngineEvent {
  resourcePreEvent?: { metadata: Metadata };
  resOutputsEvent?: { metadata: Metadata };
  resOpFailedEvent?: { metadata: Metadata };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
  policyEvent?: { resourceUrn?: string; message: string; policyName: string; enforcementLevel: string };
  summaryEvent?: { resourceChanges: Record<string, number> };
}

/** A replacement is three steps to the engine; people see one. */
const replaceSteps: Record<string, string | undefined> = { "create-replacement": "replace", "delete-replaced": undefined };

/** Operations that change something. */
const detailed = new Set(["create", "update", "replace", "delete", "refresh"]);

/** Reads the CLI's stream of JSON events, a line each, into what both engines tell. */
export class EventReader {
  readonly errors: string[] = [];
  readonly #onEvent: (event: ResourceEvent) => void;
  readonly #details: boolean;
  readonly #started = new Map<string, number>();
  readonly #replaced = new Set<string>();
  readonly #deleted = new Set<string>();
  #changes: Record<string, number> = {};
  #outputs: Outputs = {};

  /** @param details Whether events tell what differs, as those of a preview or a refresh do. */
  constructor(onEvent: ((event: ResourceEvent) => void) | undefined, details = false) {
    this.#onEvent = onEvent ?? (() => undefined);
    this.#details = details;
  }

  read(line: string): void {
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as EngineEvent;
    if (event.resourcePreEvent !== undefined) this.#step("start", event.resourcePreEvent.metadata);
    if (event.resOutputsEvent !== undefined) this.#step("done", event.resOutputsEvent.metadata);
    if (event.resOpFailedEvent !== undefined) this.#step("failed", event.resOpFailedEvent.metadata);
    if (event.diagnosticEvent !== undefined) this.#diagnostic(event.diagnosticEvent);
    if (event.policyEvent !== undefined) this.#policy(event.policyEvent);
    if (event.summaryEvent !== undefined) this.#changes = event.summaryEvent.resourceChanges;
  }

  outcome(): Outcome {
    const changes = realChanges(this.#changes);
    // What a killed update had replaced and not yet deleted is no replacement of this one; the engine counts neither.
    const late = [...this.#deleted].filter((urn) => !this.#replaced.has(urn)).length;
    if (late > 0) changes["delete"] = (changes["delete"] ?? 0) + late;
    return { changes, outputs: this.#outputs };
  }

  #step(phase: "start" | "done" | "failed", metadata: Metadata): void {
    const { op: step, urn, type, new: state } = metadata;
    if (type === types.stack && phase === "done") this.#outputs = shownOutputs(state?.outputs ?? {});
    if (phase === "done" && step === "create-replacement") this.#replaced.add(urn);
    if (phase === "done" && step === "delete-replaced") this.#deleted.add(urn);
    const op = step in replaceSteps ? replaceSteps[step] : step === "replace" ? undefined : step;
    if (op === undefined) return;
    const key = `${step} ${urn}`;
    if (phase === "start") this.#started.set(key, performance.now());
    const started = this.#started.get(key);
    const ms = phase === "start" || started === undefined ? undefined : performance.now() - started;
    const told = detailed.has(op) && (phase === "failed" || (this.#details && phase === "done"));
    const detail = told ? detailOf(metadata, step === "create-replacement" && this.#deleted.has(urn)) : undefined;
    this.#onEvent({ phase, op, urn, type, name: nameOf(urn), ms, ...(detail !== undefined && { detail }) });
  }

  /** What a pack says that the CLI was given. */
  #policy({ resourceUrn: urn = "", message, policyName, enforcementLevel }: NonNullable<EngineEvent["policyEvent"]>): void {
    const severity = enforcementLevel === "mandatory" ? "error" : "warning";
    this.#diagnostic({ urn, severity, message: `${nameOf(urn)} breaks ${policyName}: ${message.trim()}` });
  }

  #diagnostic({ urn = "", message, severity, ephemeral }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    const text = message.trim();
    // What the engine says of a failed update as a whole adds nothing to the resource's own message.
    if (ephemeral === true || text === "" || text === "update failed" || text === "preview failed") return;
    if (severity === "error" && !this.errors.includes(text)) this.errors.push(text);
    if (severity === "info" || severity === "info#err" || severity === "warning") {
      const told = severity === "warning" ? `warning: ${text.replace(/^warning: /, "")}` : text;
      this.#onEvent({ phase: "diagnostic", op: "", urn, type: "", name: nameOf(urn), message: told });
    }
  }
}

function detailOf({ old, new: next, keys, diffs, detailedDiff }: Metadata, deleteFirst: boolean): ResourceDetail {
  const paths = Object.entries(detailedDiff ?? {});
  const parent = (next ?? old)?.parent;
  const forcing = paths.filter(([, { diffKind }]) => diffKind.endsWith("-replace")).map(([path]) => path);
  return {
    ...(old != null && { before: shown(old.inputs ?? {}) as Record<string, unknown> }),
    ...(next != null && { after: shown(next.inputs ?? {}) as Record<string, unknown> }),
    diff: paths.length > 0 ? paths.map(([path]) => path) : (diffs ?? []),
    replaces: forcing.length > 0 ? forcing : (keys ?? []),
    ...(deleteFirst && { deleteFirst }),
    ...(parent !== undefined && parent !== "" && { parent }),
  };
}

/** A value for people: `[secret]`, `[unknown]`, and nothing of the bookkeeping of defaults. */
function shown(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(UNKNOWN, "[unknown]");
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (key === "__defaults" ? [] : [[key, shown(item)]])));
}
