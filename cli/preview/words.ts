import { changesText } from "../table.ts";
import type { HandChange } from "./by-hand.ts";
import type { Capacity, Sum } from "./capacity.ts";
import type { Fate } from "./containers.ts";
import type { Effect } from "./effects.ts";
import { isNothing, type PartPreview, type Preview } from "./model.ts";
import { type Item, itemsOf, keyLines } from "./part-lines.ts";
import { code, limited, plural, type Text } from "./said.ts";

export interface Section {
  title: Text;
  items: Item[];
}

export interface Verdict {
  sentence: string;
  reasons: Text[];
}

/** What a reviewer reads first: whether requests can fail, and whether data is touched. */
export function verdict(preview: Preview): Verdict[] {
  return [verdictOn(preview.requests, "Requests can fail:", "No request should fail."), verdictOn(preview.data, "Data is touched:", "No data is touched.")];
}

function verdictOn({ happens, reasons }: Effect, yes: string, no: string): Verdict {
  return happens ? { sentence: yes, reasons } : { sentence: no, reasons: [] };
}

export function counts({ changes }: Preview): string {
  return changesText(changes, true);
}

const fates: Record<Fate, [one: string, many: string]> = {
  replaced: ["is replaced, the new one beside the old", "are replaced, the new ones beside the old"],
  restarted: ["stops, and starts anew", "stop, and start anew"],
  started: ["starts", "start"],
  stopped: ["stops for good", "stop for good"],
  changed: ["is changed while it runs", "are changed while they run"],
};

/** What becomes of a part, in one sentence: its containers by role and fate, its jobs, what else there is. */
export function happening(part: PartPreview): string {
  const groups = Map.groupBy(part.containers, ({ kind, role, fate }) => `${kind} ${role} ${fate}`);
  // Engines take steps side by side, in any order.
  const order = Object.keys(fates);
  const sorted = [...groups.values()].toSorted(([a], [b]) => order.indexOf(a?.fate ?? "") - order.indexOf(b?.fate ?? "") || (a?.role ?? "").localeCompare(b?.role ?? ""));
  const sentences = sorted.map((members) => {
    const { kind = "container", role = "", fate = "started" } = members[0] ?? {};
    const because = fate === "started" || fate === "stopped" ? [] : [...new Set(members.flatMap((member) => member.because))].toSorted();
    const words = fates[fate][members.length === 1 ? 0 : 1];
    return `${members.length}${role === part.name ? "" : ` ${role}`} ${kind}${members.length === 1 ? "" : "s"} ${words}${because.length === 0 ? "" : ` (${because.join(", ")})`}`;
  });
  if (part.jobs.length > 0) sentences.push(`${part.jobs.length === 1 ? "the job" : "the jobs"} ${part.jobs.join(", ")} ${part.jobs.length === 1 ? "runs" : "run"}`);
  if (sentences.length === 0 && Object.keys(part.others).length > 0) sentences.push(changesText(part.others, true));
  return sentences.length === 0 ? "nothing of its own" : sentences.join("; ");
}

export function sections(preview: Preview): Section[] {
  const parts = preview.parts.map((part) => ({ title: [code(part.name)], items: itemsOf(part).filter(({ lines }) => lines.length > 0) }));
  return [
    ...handSection(preview),
    ...parts.filter(({ items }) => items.length > 0),
    ...settingsSection(preview.settings),
    { title: ["Memory and processors"], items: [{ label: "limits", lines: capacityLines(preview.capacity) }] },
  ];
}

const remedies: Record<HandChange["how"], string> = {
  "set back": "sets it back without a restart",
  started: "starts it again",
  "made again": "makes it again",
  replaced: "replaces it",
  removed: "removes it",
};

/** What was changed by hand, by application; none where nothing was. That it is not known is told here where it is told nowhere else. */
export function handSection(preview: Preview): Section[] {
  const { byHand, capacity } = preview;
  if ("unknown" in byHand) {
    const told = capacity.host === undefined && !isNothing(preview);
    return told ? [] : [{ title: ["Changed by hand"], items: [{ label: "changes", lines: [[`What differs by hand is not known: ${byHand.unknown}.`]] }] }];
  }
  const parts = [...Map.groupBy(byHand, ({ part }) => part)];
  const items = parts.map(([part, changes]) => ({ label: code(part), lines: limited(changes.map(handLine)) }));
  return items.length === 0 ? [] : [{ title: ["Changed by hand"], items }];
}

function handLine({ kind, resource, is, state, how, restarts }: HandChange): Text {
  const anew = kind === "volume" && how === "made again" ? ", empty" : restarts && how !== "started" ? ", so it starts anew" : "";
  return [`${kind} `, code(resource), ": ", code(is), " (the state says: ", code(state), "); ", code("up"), ` ${remedies[how]}${anew}`];
}

/** What the policy accepts in this stack. */
export function acceptedLines({ exceptions }: Preview): Text[] {
  return exceptions.map(({ what, reason, containers }) => [`${plural(containers, "container")} with ${what}: ${reason}`]);
}

function settingsSection(settings: Preview["settings"]): Section[] {
  if ("unknown" in settings) return [{ title: ["Stack file"], items: [{ label: "keys", lines: [[`What was in it at the last update is not known: ${settings.unknown}.`]] }] }];
  const secrets = limited(settings.secrets.map(({ key, how }): Text => [code(key), ` ${how === "set" ? "is new" : how === "changed" ? "has another value" : "is gone"}`]));
  const items = [{ label: "keys", lines: keyLines(settings.config) }, { label: "secrets", lines: secrets }].filter(({ lines }) => lines.length > 0);
  return items.length === 0 ? [] : [{ title: ["Stack file"], items }];
}

export function capacityLines({ before, after, during, host }: Capacity): Text[] {
  const lines: Text[] = [[before.memory === after.memory && before.cpus === after.cpus && before.containers === after.containers ? `${of(after)}, as before` : `${of(after)}; before, ${of(before)}`]];
  if (during.memory > after.memory) lines.push([`${during.memory} MiB while old and new containers run side by side`]);
  if (host === undefined) lines.push(["The Docker host was not reached from here: how much it has, and what was changed by hand, is unknown."]);
  else {
    lines.push([`The Docker host has ${host.memory} MiB and ${plural(host.cpus, "core")}.`]);
    if (during.memory > host.memory) lines.push([`That is less than the containers may take together: ${during.memory} MiB.`]);
  }
  return lines;
}

function of({ containers, memory, cpus }: Sum): string {
  return `${plural(containers, "container")} of at most ${memory} MiB and ${cpus} cores`;
}
