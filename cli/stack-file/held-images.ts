import { type Document, isMap, isScalar, parseDocument } from "yaml";

/** Behind each line that a rollback wrote so that nothing is built: it holds an application at an older image. */
const mark = " berth: held by a rollback, ./berth forward takes this line out";

/** The keys of an application that hold it. */
const keys = ["image", "revision"] as const;

/** Marks the lines that hold an application, each on a line of its own. */
export function markHeld(document: Document, app: readonly string[]): void {
  const settings = document.getIn(app);
  if (!isMap(settings)) return;
  settings.flow = false;
  for (const key of keys) {
    const value = settings.get(key, true);
    if (isScalar(value)) value.comment = mark;
  }
}

/** A line that something else writes anew is held no more. */
export function unmark(value: unknown): void {
  if (isScalar(value) && value.comment === mark) value.comment = null;
}

/** A stack file's text without the lines that hold applications, whose names are told; the same text where none is. */
export function withoutHeld(text: string): { text: string; apps: string[] } {
  const document = parseDocument(text);
  const config = document.get("config");
  const apps = isMap(config) ? (config.get("berth:apps") ?? config.get("apps")) : undefined;
  const held: string[] = [];
  for (const { key, value: settings } of isMap(apps) ? apps.items : []) {
    if (!isMap(settings)) continue;
    const marked = keys.filter((name) => {
      const value = settings.get(name, true);
      return isScalar(value) && value.comment === mark;
    });
    for (const name of marked) settings.delete(name);
    if (marked.length > 0) held.push(String(key));
  }
  return { text: held.length === 0 ? text : document.toString({ lineWidth: 0 }), apps: held };
}
