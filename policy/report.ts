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

/** What has the same rule and remedy is told together. */
function groups(findings: Finding[]): string[] {
  const byRemedy = Map.groupBy(findings, ({ rule, allowed, fix }) => `${rule}\n${allowed}\n${fix}`);
  return [...byRemedy.values()].map((group) => {
    const { rule, allowed, fix } = group[0] as Finding;
    const lines = group.map(({ resource, value }) => `  ${resource} breaks ${rule}: ${value}`);
    return [...lines, `    allowed: ${allowed}`, `    fix:     ${fix}`].join("\n");
  });
}
