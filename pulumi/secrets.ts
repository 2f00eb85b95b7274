import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);
/** A command opens its stack file and its state more than once; each time takes 0.2 s of processor time. */
const derived = new Map<string, Promise<Buffer>>();

const ITERATIONS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERIFIER = "pulumi";

/**
 * Encrypts and decrypts with a passphrase in the format of Pulumi's own passphrase provider, so that
 * both can read the same stack file and state: AES-256-GCM, key by PBKDF2-SHA256 with 1,000,000 rounds.
 */
export class Crypter {
  /** What a stack file has as `encryptionsalt`: `v1:<salt>:<encrypted verifier>`. */
  readonly salt: string;
  readonly #key: Buffer;
  readonly #passphrase: string;

  private constructor(salt: string, key: Buffer, passphrase: string) {
    this.salt = salt;
    this.#key = key;
    this.#passphrase = passphrase;
  }

  /** Opens an existing salt. Throws when the passphrase is not the one it was made with. */
  static async open(passphrase: string, salt: string): Promise<Crypter> {
    const [version, encoded, ...verifier] = salt.split(":");
    if (version !== "v1" || encoded === undefined || verifier.length !== 3) {
      throw new Error("encryptionsalt: malformed value; expected v1:<salt>:v1:<nonce>:<verifier> as Pulumi writes it");
    }
    const crypter = new Crypter(salt, await key(passphrase, Buffer.from(encoded, "base64")), passphrase);
    if (crypter.#tryDecrypt(verifier.join(":")) !== VERIFIER) {
      throw new Error("incorrect passphrase: it does not open the stack's encryptionsalt");
    }
    return crypter;
  }

  /** Makes a new salt for a stack that has none. */
  static async create(passphrase: string): Promise<Crypter> {
    const bytes = randomBytes(SALT_BYTES);
    const derived = await key(passphrase, bytes);
    const verifier = new Crypter("", derived, passphrase).encrypt(VERIFIER);
    return new Crypter(`v1:${bytes.toString("base64")}:${verifier}`, derived, passphrase);
  }

  /** For what is never written: a key by chance, and no salt to open it by. */
  static passing(): Crypter {
    return new Crypter("", randomBytes(KEY_BYTES), "");
  }

  /** The same passphrase with another salt. Throws when that was made with another passphrase. */
  withSalt(salt: string): Promise<Crypter> {
    return Crypter.open(this.#passphrase, salt);
  }

  /** `v1:<nonce>:<ciphertext and tag>`, both base64. */
  encrypt(plaintext: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
  }

  /** Throws when the text was not encrypted with this passphrase and salt. */
  decrypt(ciphertext: string): string {
    const plaintext = this.#tryDecrypt(ciphertext);
    if (plaintext === undefined) {
      throw new Error("cannot decrypt a secret: it was encrypted with another passphrase or salt");
    }
    return plaintext;
  }

  #tryDecrypt(ciphertext: string): string | undefined {
    const [version, nonce, body] = ciphertext.split(":");
    if (version !== "v1" || nonce === undefined || body === undefined) {
      return undefined;
    }
    const bytes = Buffer.from(body, "base64");
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key, Buffer.from(nonce, "base64"));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      return decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      return undefined;
    }
  }
}

function key(passphrase: string, salt: Buffer): Promise<Buffer> {
  const of = `${salt.toString("base64")} ${passphrase}`;
  const known = derived.get(of) ?? derive(passphrase, salt, ITERATIONS, KEY_BYTES, "sha256");
  derived.set(of, known);
  return known;
}
