/** Shorter values are words that occur by chance, and are not hidden. */
export const shortestSecret = 6;

/**
 * A text without the values of these secrets, nor a line of one, nor one as JSON has it.
 *
 * @example
 * redacted("password canary-1 refused", ["canary-1"]); // password [secret] refused
 */
export function redacted(text: string, secrets: Iterable<string>): string {
  const forms = new Set([...secrets].flatMap((value) => [value, ...value.split("\n"), JSON.stringify(value).slice(1, -1)]).map((form) => form.trim()));
  // The longest first: one may be a part of another.
  const hidden = [...forms].filter((form) => form.length >= shortestSecret).sort((a, b) => b.length - a.length);
  return hidden.reduce((result, form) => result.replaceAll(form, "[secret]"), text);
}
