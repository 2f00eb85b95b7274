import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../command.ts";
import { OpsError } from "../exit.ts";
import { askGit } from "../git.ts";

export const command: Command = {
  summary: "what CHANGELOG.md says of a version, for a release",
  description: "Prints the section of CHANGELOG.md of one version, without its heading. Fails where there is none, or where it has no\nday yet: a version is released with its changes written down.",
  options: { on: { type: "string", value: "<branch>", help: "refuse a version whose tag is not on this branch of origin" } },
  positionals: ["version"],
  examples: ["./berth notes v1.2.3", "./berth notes v1.2.3 --on main", "./berth notes v1.2.3 | gh release create v1.2.3 --verify-tag --notes-file -"],
  exits: [0, 1, 2],
  async run({ project, terminal, environment, signal }, parsed) {
    const version = parsed.positionals[0] ?? environment["GITHUB_REF_NAME"];
    if (version === undefined) throw new OpsError("which version? ./berth notes v1.2.3");
    const branch = parsed.values["on"];
    if (branch !== undefined) await requireOn(project.folder, version, branch, signal);
    terminal.result(notesOf(readFileSync(join(project.folder, "CHANGELOG.md"), "utf8"), version));
    return 0;
  },
};

/**
 * Refuses a tag that is not on a branch of origin: nobody had to review its commit.
 *
 * @throws OpsError
 */
export async function requireOn(folder: string, tag: string, branch: string, signal: AbortSignal): Promise<void> {
  const ask = (...args: string[]) => askGit(folder, args, { signal });
  const remote = `refs/remotes/origin/${branch}`;
  const commit = await ask("rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`);
  if (commit === undefined) throw new OpsError(`there is no tag ${tag} here: git fetch --tags`);
  if ((await ask("rev-parse", "--verify", "--quiet", remote)) === undefined) throw new OpsError(`origin's branch ${branch} is not here, so nobody knows whether ${tag} is on it: git fetch origin ${branch}, in a clone with all of its history`);
  if ((await ask("merge-base", "--is-ancestor", commit.trim(), remote)) === undefined) {
    throw new OpsError(`the tag ${tag} is at ${commit.trim().slice(0, 12)}, which is not on origin's branch ${branch}: merge that commit first, then tag it there`);
  }
}

/**
 * One version's section of a file in the format of Keep a Changelog.
 *
 * @example
 * notesOf("## [1.2.3] - 2026-03-04\n\n### Fixed\n\n- It.\n", "v1.2.3"); // "### Fixed\n\n- It."
 *
 * @throws OpsError where it has no such version, or one without a day or without text.
 */
export function notesOf(changelog: string, version: string): string {
  const number = version.replace(/^v/, "");
  const sections = changelog.split(/^(?=## )/m).slice(1);
  const section = sections.find((text) => text.startsWith(`## [${number}]`));
  const versions = sections.flatMap((text) => /^## \[([^\]]+)\]/.exec(text)?.[1] ?? []);
  if (section === undefined) throw new OpsError(`CHANGELOG.md has no section "## [${number}]": it has ${versions.join(", ") || "none"}`);
  const [heading = "", ...lines] = section.split("\n");
  if (!/ - \d{4}-\d\d-\d\d$/.test(heading.trim())) throw new OpsError(`CHANGELOG.md has "${heading}": write the day of the release, as in "## [${number}] - 2026-03-04", and tag that commit`);
  const text = lines.join("\n").replace(/^\[[^\]]+\]: .*$/gm, "").trim();
  if (text === "") throw new OpsError(`CHANGELOG.md says nothing below "${heading}"`);
  return text;
}
