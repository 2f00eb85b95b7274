import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type PendingOperation, type Resource, ResourceTexts, stackOutputs } from "./resource.ts";
import { sdkVersion } from "./sdk.ts";
import type { Crypter } from "./secrets.ts";
import { writeState } from "./write-state.ts";

export { type PendingOperation, type Resource, stackOutputs };

/** What is read of a deployment. */
interface Stored {
  resources?: Resource[];
  pending_operations?: PendingOperation[];
  secrets_providers?: { state?: { salt?: string } };
}

const ENGINE_VERSION = `v${sdkVersion}`;

/**
 * The stack's state file. Every change is on disk (written beside, synced, renamed) before its promise resolves.
 * Changes that arrive while a write is under way share the next one.
 */
export class StateFile {
  /** Resources as of now: first those this run has dealt with, in that order, then the others in their old order. */
  resources: Resource[] = [];
  pending: PendingOperation[] = [];
  readonly #path: string;
  readonly #crypter: Crypter;
  readonly #readOnly: boolean;
  readonly #texts: ResourceTexts;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(path: string, crypter: Crypter, readOnly: boolean) {
    this.#path = path;
    this.#crypter = crypter;
    this.#readOnly = readOnly;
    this.#texts = new ResourceTexts(crypter);
  }

  /** Reads the file; a stack without one is empty. Throws when the file is not a deployment of version 3. */
  async load(): Promise<void> {
    const text = await readFile(this.#path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        return undefined;
      }
      throw error;
    });
    if (text === undefined) {
      return;
    }
    const file = JSON.parse(text) as { version: number; deployment: Stored };
    if (file.version !== 3) {
      throw new Error(`${this.#path}: deployment version ${file.version} is not supported; expected 3`);
    }
    const { resources = [], pending_operations: pending = [], secrets_providers: provider } = file.deployment;
    const reader = await this.#reader(provider?.state?.salt);
    this.resources = resources.map((raw) => this.#texts.decode(raw, reader));
    this.pending = pending.map((raw) => ({ ...raw, resource: this.#texts.decode(raw.resource, reader) }));
  }

  /** Forgets how `resource` was written; call it after changing one in place. */
  touch(resource: Resource): void {
    this.#texts.forget(resource);
  }

  save(): Promise<void> {
    if (this.#readOnly) {
      return Promise.resolve();
    }
    if (this.#writing === undefined) {
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.save();
      });
    return this.#next;
  }

  #write(): Promise<void> {
    return writeState(this.#path, this.#encodeAll());
  }

  #encodeAll(): string {
    const manifest = { time: new Date().toISOString(), magic: createHash("sha256").update(ENGINE_VERSION).digest("hex"), version: ENGINE_VERSION };
    const provider = { type: "passphrase", state: { salt: this.#crypter.salt } };
    const resources = this.resources.map((resource) => this.#texts.encode(resource)).join(",\n");
    const pending = this.pending.map((operation) => `{"resource":${this.#texts.encode(operation.resource)},"type":"${operation.type}"}`).join(",\n");
    return `{"version":3,"deployment":{"manifest":${JSON.stringify(manifest)},\n"secrets_providers":${JSON.stringify(provider)},\n"resources":[${resources}],\n"pending_operations":[${pending}],\n"metadata":{}}}\n`;
  }

  /** A stack file that got a salt of its own since leaves the state with the old one, until it is written again. */
  async #reader(salt: string | undefined): Promise<Crypter> {
    return salt === undefined || salt === this.#crypter.salt ? this.#crypter : this.#crypter.withSalt(salt);
  }
}
