/** What one step of `berth test` came to. */
export interface Tally {
  passed: number;
  failed: { name: string; detail: string }[];
  skipped: { name: string; reason: string }[];
}

export function passedOne(): Tally {
  return { passed: 1, failed: [], skipped: [] };
}

export function failedOne(name: string, detail: string): Tally {
  return { passed: 0, failed: [{ name, detail }], skipped: [] };
}

export function skippedOne(name: string, reason: string): Tally {
  return { passed: 0, failed: [], skipped: [{ name, reason }] };
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, { passed }) => total + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
  };
}

/** The tally, or a failure where nothing ran: a step without a test proves nothing. */
export function notEmpty(name: string, tally: Tally): Tally {
  return tally.passed + tally.failed.length + tally.skipped.length === 0 ? failedOne(name, "nothing ran") : tally;
}

/** The closing line, alone on a line: people and CI read the result from it. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
}

/** `4 passed, 1 failed`, without what did not happen. */
export function shortTally({ passed, failed, skipped }: Tally): string {
  const parts = [`${passed} passed`];
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`);
  return parts.join(", ");
}
