import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../command.ts";
import { OpsError } from "../exit.ts";

export const command: Command = {
  summary: "what CHANGELOG.md says of a version, for a release",
  description: "Prints the section of CHANGELOG.md of one version, without its heading. Fails where there is none, or where it has no\nday yet: a version is released with its changes written down.",
  options: {},
  positionals: ["version"],
  examples: ["./berth notes v1.2.3", "./berth notes v1.2.3 | gh release create v1.2.3 --verify-tag --notes-file -"],
  exits: [0, 1, 2],
  run({ project, terminal, environment }, parsed) {
    const version = parsed.positionals[0] ?? environment["GITHUB_REF_NAME"];
    if (version === undefined) throw new OpsError("which version? ./berth notes v1.2.3");
    terminal.result(notesOf(readFileSync(join(project.folder, "CHANGELOG.md"), "utf8"), version));
    return Promise.resolve(0);
  },
};

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
