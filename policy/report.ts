import type { Finding, Objection } from "./rule.ts";

/** What a finding says beyond resource and rule. */
export function objectionText({ value, allowed, fix }: Objection): string {
  return `${value}\n    allowed: ${allowed}\n    fix:     ${fix}`;
}

/** The message that stops a preview or an update. */
export function refusal(stack: string, findings: Finding[]): string {
  const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  return [`stack "${stack}": ${count} against the policy; nothing was changed.`, ...groups(findings)].join("\n");
}

/** A warning for each advisory rule that has findings. */
export function warnings(findings: Finding[]): string[] {
  return groups(findings).map((group) => `warning: against the policy, for now advisory:\n${group}`);
}

/** Findings with the same rule and remedy, which are told together. */
export interface Group extends Pick<Finding, "rule" | "allowed" | "fix"> {
  findings: Finding[];
}

export function byRemedy(findings: readonly Finding[]): Group[] {
  const groups = Map.groupBy(findings, ({ rule, allowed, fix }) => `${rule}\n${allowed}\n${fix}`);
  return [...groups.values()].map((group) => {
    const { rule, allowed, fix } = group[0] as Finding;
    return { rule, allowed, fix, findings: group };
  });
}

function groups(findings: Finding[]): string[] {
  return byRemedy(findings).map(({ rule, allowed, fix, findings: same }) => {
    const lines = same.map(({ resource, value }) => `  ${resource} breaks ${rule}: ${value}`);
    return [...lines, `    allowed: ${allowed}`, `    fix:     ${fix}`].join("\n");
  });
}
