import { redacted, shortestSecret } from "../components/docker/redacted.ts";

/** Replaces known secret values in everything that is printed, whichever program wrote the text. */
export class Redactor {
  readonly #values = new Set<string>();

  static readonly shortest = shortestSecret;

  hide(value: string | undefined): void {
    if (value !== undefined) this.#values.add(value);
  }

  clean(text: string): string {
    return redacted(text, this.#values);
  }
}

const secretName = /(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|CREDENTIALS?|_PASS)$/;
/** Ends like a secret, and is none. */
const openName = /(PUBLIC|HOST)_KEY$/;
/** The password in an address, such as a backend's. */
const inAddress = /^\w[\w+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/;

/** Values of the environment whose names say that they are secret, and passwords in addresses. */
export function secretsOf(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const password = inAddress.exec(value ?? "")?.[1];
    return [...(value && secretName.test(name) && !openName.test(name) ? [value] : []), ...(password === undefined ? [] : [password])];
  });
}
