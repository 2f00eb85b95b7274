/** How a command tells the program what the release says of itself. */
export function noteVariable(note: string | undefined): Record<string, string> {
  return note === undefined ? {} : { BERTH_RELEASE_NOTE: note };
}

const rollback = /^rollback to (\d+)/;

export function rollbackNote(number: number, forced: readonly string[]): string {
  return `rollback to ${number}${forced.length === 0 ? "" : `, forced: ${forced.join(", ")}`}`;
}

/** The number of the release that a rollback went back to; undefined for any other note. */
export function rolledBackTo(note: string | undefined): number | undefined {
  const found = rollback.exec(note ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}
