import type { Crypter } from "./secrets.ts";
import { SIGNATURE, textOf, mapSecrets, secret, type Props, type Value } from "./values.ts";

/** One resource of a stack, as Pulumi's deployment format has it (version 3). */
export interface Resource {
  urn: string;
  custom: boolean;
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: Props;
  outputs?: Props;
  parent?: string;
  protect?: boolean;
  dependencies?: string[];
  initErrors?: string[];
  provider?: string;
  propertyDependencies?: Record<string, string[]>;
  pendingReplacement?: boolean;
  additionalSecretOutputs?: string[];
  aliases?: string[];
  customTimeouts?: Record<string, number>;
  retainOnDelete?: boolean;
  deletedWith?: string;
  created?: string;
  modified?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
}

export interface PendingOperation {
  resource: Resource;
  type: "creating" | "updating" | "deleting";
}

/** Writes resources as the state has them, their secrets encrypted. What has not changed is not encrypted again. */
export class ResourceTexts {
  readonly #crypter: Crypter;
  readonly #texts = new WeakMap<object, string>();

  constructor(crypter: Crypter) {
    this.#crypter = crypter;
  }

  /** Forgets how `resource` was written; for one that was changed in place. */
  forget(resource: Resource): void {
    this.#texts.delete(resource);
  }

  /** JSON. */
  encode(resource: Resource): string {
    let text = this.#texts.get(resource);
    if (text === undefined) {
      text = JSON.stringify({ ...resource, ...this.#encryptProps("inputs", resource.inputs), ...this.#encryptProps("outputs", resource.outputs) });
      this.#texts.set(resource, text);
    }
    return text;
  }

  #encryptProps(key: string, props: Props | undefined): Record<string, Value> {
    const encrypt = (found: Record<string, Value>): Value => ({
      [SIGNATURE]: found[SIGNATURE] ?? null,
      ciphertext: this.#crypter.encrypt(JSON.stringify(found["value"] ?? null)),
    });
    return props === undefined ? {} : { [key]: mapSecrets(props, encrypt) };
  }

  /** @param reader What decrypts it, where it was encrypted with another salt. */
  decode(raw: Resource, reader: Crypter): Resource {
    const decrypt = (found: Record<string, Value>): Value => secret(JSON.parse(reader.decrypt(textOf(found, "ciphertext"))) as Value);
    const resource = { ...raw };
    if (raw.inputs !== undefined) {
      resource.inputs = mapSecrets(raw.inputs, decrypt) as Props;
    }
    if (raw.outputs !== undefined) {
      resource.outputs = mapSecrets(raw.outputs, decrypt) as Props;
    }
    if (reader === this.#crypter) {
      this.#texts.set(resource, JSON.stringify(raw));
    }
    return resource;
  }
}

/** The stack's outputs, plain, with a mark at each one that is or holds a secret. */
export function stackOutputs(resources: readonly Resource[]): Props {
  return resources.find((resource) => resource.type === "pulumi:pulumi:Stack" && resource.delete !== true)?.outputs ?? {};
}

