import { type Finding, harmless } from "./finding.ts";
import type { WantedContainer } from "./wanted.ts";

/** An entry of `docker diff`. */
export interface FileChange {
  Path: string;
  /** 0 changed, 1 added, 2 removed. */
  Kind: number;
}

/** Programs write here as they run. */
const passing = /^\/(\.dockerenv|sbin\/docker-init|etc\/(hosts|hostname|mtab|resolv\.conf))$|^\/(tmp|run|proc|dev|sys|var\/(log|tmp|cache|run|lock|lib\/(apt|dpkg))|root\/\.(cache|bash_history|ash_history))(\/|$)|\/__pycache__(\/|$)|\.(pyc|pid|log|lock|sock)$/;
/** Programs and their configuration. */
const program = /^\/(bin|sbin|lib|lib64|usr|etc|opt|app|srv)(\/|$)/;

const shown = 5;

/** What `docker diff` tells of a container whose root can be written; what its mounts made does not count. */
export function fileFindings({ name, targets }: Pick<WantedContainer, "name" | "targets">, changes: readonly FileChange[], up: string): Finding[] {
  const paths = new Set(changes.flatMap(({ Path }) => parents(Path)));
  const mounted = (path: string) => targets.some((target) => path === target || path.startsWith(`${target}/`));
  const leaves = changes.filter(({ Path, Kind }) => !(paths.has(Path) && Kind !== 2) && !mounted(Path));
  const harm = leaves.filter(({ Path, Kind }) => !passing.test(Path) && (Kind !== 1 || program.test(Path)));
  const rest = leaves.filter((change) => !harm.includes(change));
  const findings: Finding[] = [];
  if (harm.length > 0) {
    findings.push({
      what: "files",
      is: list(harm),
      state: "as in its image",
      harmful: true,
      reason: "it is in no image: a replica that is made anew runs without it",
      repair: `docker stop ${name} && docker rm ${name} && ${up}`,
      remedy: "none",
    });
  }
  if (rest.length > 0) findings.push({ what: "files", is: list(rest), state: "as in its image", ...harmless, reason: "what a program writes as it runs; gone with its container" });
  return findings;
}

const words: Record<number, string> = { 0: "changed", 1: "added", 2: "removed" };

function list(changes: readonly FileChange[]): string {
  const first = changes.slice(0, shown).map(({ Path, Kind }) => `${words[Kind] ?? "changed"} ${Path}`);
  return [...first, ...(changes.length > shown ? [`and ${changes.length - shown} more`] : [])].join(", ");
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
