/** How a command tells the program what the release says of itself, and of which secrets older values are taken out of the records. */
export function releaseVariables({ note, purge = [] }: { note?: string; purge?: readonly string[] }): Record<string, string> {
  return { ...(note !== undefined && { BERTH_RELEASE_NOTE: note }), ...(purge.length > 0 && { BERTH_PURGE_SECRETS: purge.join(",") }) };
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
