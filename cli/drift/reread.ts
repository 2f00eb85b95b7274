import type { ResourceEvent } from "../deploy/deployer.ts";
import { types } from "../../pulumi/resource-types.ts";
import { type Drift, harmless } from "./finding.ts";
import { kindOf } from "./wanted.ts";

/** What a container does just now, not how it is to be; and sources that are newer than the image that runs. */
const passing = /^(networkDatas|exitCode|containerLogs|mountpoint|contextHash|__meta|__pulumi_raw_state_delta)\b/;

/**
 * What the engine's own look, a refresh that changes nothing, found beside what Docker was asked for: `covered` has the
 * URNs that have findings already. Values are not told, as some may be secret.
 */
export function rereadDrifts(events: readonly ResourceEvent[], covered: ReadonlySet<string>, refresh: (urn: string) => string): Drift[] {
  return events
    .filter(({ phase, urn, type }) => phase === "done" && !covered.has(urn) && !type.startsWith("pulumi:") && type !== types.pulled)
    .flatMap(({ op, urn, type, name, detail }): Drift[] => {
      const base = { kind: kindOf(type), resource: name, urn, what: "reread", repair: refresh(urn), remedy: "none" } as const;
      if (op === "delete") return [{ ...base, is: "gone", state: "there", harmful: true, reason: "what needs it next does not find it" }];
      const differs = (detail?.diff ?? []).filter((path) => !passing.test(path));
      if (op !== "update" && op !== "refresh" && op !== "replace") return [];
      if (detail !== undefined && differs.length === 0) {
        return detail.diff.length === 0 ? [] : [{ ...base, is: `other ${detail.diff.join(", ")}`, state: "as at the last update", ...harmless, reason: detail.diff.includes("contextHash") ? "its sources are newer than what runs; the next up builds them" : "it changes by itself", repair: "" }];
      }
      return [{ ...base, is: `other ${differs.join(", ") || "properties"}`, state: "as at the last update", harmful: true, reason: "it is not what the program says" }];
    });
}
