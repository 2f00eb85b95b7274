import type { FilesChange, KeyChange } from "./configuration.ts";
import type { Commits, ImageChange } from "./images.ts";
import type { Migrations, PartPreview } from "./model.ts";
import { code, limited, plural, type Text } from "./said.ts";

/** Lines under a label. */
export interface Item {
  label: Text[number];
  lines: Text[];
}

/** All that is told of one part, label by label; some have no line. */
export function itemsOf(part: PartPreview): Item[] {
  const commits = part.images.find(({ commits: found }) => found !== undefined);
  return [
    { label: "requests", lines: part.requests.reasons },
    { label: "data", lines: part.data.reasons },
    { label: "image", lines: part.images.map(imageLine) },
    { label: "commits", lines: commits?.commits === undefined ? [] : commitLines(commits.commits, commits.revision) },
    { label: "environment", lines: keyLines(part.environment) },
    { label: "files", lines: part.files.flatMap(filesLines) },
    { label: "migrations", lines: part.migrations === undefined ? [] : migrationLines(part.migrations) },
  ];
}

function imageLine({ repository, from, to }: ImageChange): Text {
  return [code(repository), ": ", from === undefined ? "none" : code(from), " → ", to === undefined ? "built by the update, so its digest is not known yet" : code(to)];
}

function commitLines(commits: Commits, { from, to }: ImageChange["revision"]): Text[] {
  const range: Text = [from === undefined ? "unknown" : code(shortened(from)), " → ", to === undefined ? "unknown" : code(shortened(to))];
  if ("unknown" in commits) return [[...range, `; the commits between are not known: ${commits.unknown}`]];
  const { added, removed } = commits;
  const dirty = to?.endsWith("-dirty") === true ? ", and changes that are not committed" : "";
  const told = (list: typeof added, sign: string) => limited(list.map(({ hash, subject }): Text => [sign, code(hash), " ", code(subject)]));
  return [[...range, `: ${plural(added.length, "commit")}${dirty}${removed.length === 0 ? "" : `; ${plural(removed.length, "commit")} taken back`}`], ...told(added, ""), ...told(removed, "taken back: ")];
}

/** A commit's first letters; that something was not committed stays said. */
function shortened(revision: string): string {
  return revision.replace(/^([0-9a-f]{12})[0-9a-f]*/, "$1");
}

export function keyLines(changes: readonly KeyChange[]): Text[] {
  return limited(
    changes.map(({ key, before, after }) => {
      if (before === undefined) return [code(key), " is new: ", code(after ?? "")];
      return after === undefined ? [code(key), " is gone, it was ", code(before)] : [code(key), ": ", code(before), " → ", code(after)];
    }),
  );
}

function filesLines({ name, added, removed, changed, secrets, hidden }: FilesChange): Text[] {
  const lines: Text[] = [];
  if (added.length > 0) lines.push([code(name), ": new ", ...list(added)]);
  if (removed.length > 0) lines.push([code(name), ": gone ", ...list(removed)]);
  if (changed.length > 0) lines.push([code(name), ": another text in ", ...list(changed)]);
  if (secrets.length > 0) lines.push([code(name), secrets.length === 1 ? ": another value of the secret " : ": another value of at least one of the secrets ", ...list(secrets)]);
  if (hidden && secrets.length === 0) lines.push([code(name), ": another value of a secret"]);
  return lines;
}

function list(names: string[]): Text {
  return names.flatMap((name, index): Text => [index === 0 ? "" : ", ", code(name)]);
}

function migrationLines(migrations: Migrations): Text[] {
  if ("unknown" in migrations) return [["which of them run is not known: ", code(migrations.unknown)]];
  return limited([
    ...migrations.altered.map(({ path, how }): Text => [code(path), how === "changed" ? " was released before, and is another text now" : " was released before, and is gone"]),
    ...migrations.added.map(({ name, compatible, undoable, reasons }) => [
      code(name),
      compatible ? ": the version that runs now goes on working with it" : ": the version that runs now may fail with it",
      undoable ? "" : "; it can't be undone",
      ...(reasons.length === 0 ? [] : [" (", code(reasons.join("; ")), ")"]),
    ] as Text),
  ]);
}
