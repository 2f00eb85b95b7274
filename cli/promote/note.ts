import { git } from "../git.ts";

/**
 * What a release says of itself when it applies a promotion: read from the trailers of the newest commit that changed the
 * stack file. Undefined where that is no promotion, or where the file has changed since.
 *
 * @example
 * await promotionNote(project.folder, "prod"); // "promoted from dev, forced: drift, migrations"
 */
export async function promotionNote(folder: string, stack: string): Promise<string | undefined> {
  const file = `Pulumi.${stack}.yaml`;
  const ask = async (...args: string[]) => (await git(folder, args)).trim();
  try {
    if ((await ask("status", "--porcelain", "--", file)) !== "") return undefined;
    const trailers = (await ask("log", "-1", "--format=%(trailers:only,unfold)", "--", file)).split("\n");
    const values = (key: string) => trailers.flatMap((line) => (line.startsWith(`${key}: `) ? [line.slice(key.length + 2)] : []));
    const [from] = values("Promoted-from");
    const forced = values("Forced").map((value) => value.split(" because ", 1)[0] ?? value);
    return from === undefined ? undefined : `promoted from ${from}${forced.length === 0 ? "" : `, forced: ${forced.join(", ")}`}`;
  } catch {
    return undefined; // no repository, no commit, or no git
  }
}
