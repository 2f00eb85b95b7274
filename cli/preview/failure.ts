import { byRemedy } from "../../policy/report.ts";
import type { Finding } from "../../policy/rule.ts";
import { messageOf } from "../exit.ts";
import { PolicyRefusal } from "../policy/check.ts";
import { codeSpan, fenceFor, visible } from "./escape.ts";
import { commentLimit, cut, moreOf } from "./markdown.ts";

/** Why nothing was previewed. */
export interface Failure {
  stack: string;
  /** For people; of a refusal the findings in words. */
  message: string;
  /** What the policy has against the change; empty where something else failed. */
  findings: readonly Finding[];
}

/** @param clean Takes secrets out of a text. */
export function failureOf(stack: string, error: unknown, clean: (text: string) => string): Failure {
  return { stack, message: clean(messageOf(error)), findings: error instanceof PolicyRefusal ? error.findings : [] };
}

/**
 * What stands in a pull request in place of a preview, so that no older one does.
 *
 * @param limit Characters. @default commentLimit
 */
export function renderFailure(failure: Failure, limit = commentLimit): string {
  const { stack, findings } = failure;
  const head = [`## Preview of ${codeSpan(stack)}`, ""];
  const more = moreOf(stack);
  if (findings.length > 0) return `${cut([...head, ...refused(findings)], limit - 1, more)}\n`;
  const told = failure.message.split(/\r?\n/).map(visible);
  const fence = fenceFor(told);
  const open = [...head, "**The preview failed.** What `./berth up` would do is not known.", "", fence].join("\n");
  const close = `\n${fence}\n`;
  return `${open}\n${cut(told, limit - open.length - close.length - 1, more)}${close}`;
}

function refused(findings: readonly Finding[]): string[] {
  const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  const groups = byRemedy(findings).flatMap(({ rule, allowed, fix, findings: same }) => [
    "",
    `### ${codeSpan(rule)}`,
    "",
    ...same.map(({ resource, value }) => `- ${codeSpan(resource)}: ${codeSpan(value)}`),
    "",
    `Allowed: ${codeSpan(allowed)}`,
    "",
    `Fix: ${codeSpan(fix)}`,
  ]);
  return [`**The policy refuses this change:** ${count}. Nothing was previewed, and \`./berth up\` refuses it too.`, ...groups];
}
