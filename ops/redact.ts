/** Replaces known secret values in everything that is printed, whichever program wrote the text. */
export class Redactor {
  readonly #values = new Set<string>();

  /** Shorter values are words that occur by chance, and are not hidden. */
  static readonly shortest = 6;

  hide(value: string | undefined): void {
    for (const form of value === undefined ? [] : [value, ...value.split("\n"), JSON.stringify(value).slice(1, -1)]) {
      if (form.trim().length >= Redactor.shortest) this.#values.add(form.trim());
    }
  }

  clean(text: string): string {
    let result = text;
    for (const value of [...this.#values].sort((a, b) => b.length - a.length)) result = result.replaceAll(value, "[secret]");
    return result;
  }
}

const secretName = /(PASSWORD|PASSPHRASE|SECRET|TOKEN|PRIVATE_KEY)$/;

/** Values of the environment whose names say that they are secret. */
export function secretsOf(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment).flatMap(([name, value]) => (secretName.test(name) && value ? [value] : []));
}
