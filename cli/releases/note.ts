/** A release's note of a rollback, of the whole stack or of one application: `rollback to 3`, `rollback of root to 3`. */
const rollback = /^rollback (?:of (\S+) )?to (\d+)/;

export function rollbackNote(number: number, forced: readonly string[], apps: readonly string[] = []): string {
  return `rollback ${apps.length === 0 ? "" : `of ${apps.join(",")} `}to ${number}${forced.length === 0 ? "" : `, forced: ${forced.join(", ")}`}`;
}

/** The number of the release that a rollback went back to, of the whole stack, or of one application; undefined for any other note. */
export function rolledBackTo(note: string | undefined, app?: string): number | undefined {
  const [, apps, found] = rollback.exec(note ?? "") ?? [];
  return found === undefined || (apps !== undefined && (app === undefined || !apps.split(",").includes(app))) ? undefined : Number(found);
}
