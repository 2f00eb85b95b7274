import { randomUUID } from "node:crypto";
import { buildImage } from "./build.ts";
import { container } from "./docker/container.ts";
import { remoteImage } from "./docker/image.ts";
import { network } from "./docker/network.ts";
import { volume } from "./docker/volume.ts";
import type { ResourceType } from "./provider.ts";
import { randomId, randomPassword, randomString } from "./random.ts";
import { diffInputs, type Schema } from "./schema.ts";
import { types } from "../pulumi/resource-types.ts";
import { isObject, isSecret, secret, type Props, type Value } from "../pulumi/values.ts";

/** What the docker-build provider adds to its own settings; a difference here would replace every image. */
const BUILD_PROVIDER: Props = { "__pulumi-go-provider-infer": true, "__pulumi-go-provider-version": "v1.5.0", host: "" };

const implementations: Record<string, ResourceType> = {
  [types.container]: container,
  [types.network]: network,
  [types.pulled]: remoteImage,
  [types.volume]: volume,
  [types.built]: buildImage,
  [types.suffix]: randomId,
  [types.password]: randomPassword,
  [types.text]: randomString,
  [types.dockerProvider]: providerType("docker", ["host", "registryAuth"]),
  "pulumi:providers:docker-build": providerType("docker-build", ["host", "registries"], BUILD_PROVIDER),
  "pulumi:providers:random": providerType("random", []),
};

/** The implementation of a resource type. Throws an error that names the type when there is none. */
export function resourceType(type: string, urn: string): ResourceType {
  const found = implementations[type];
  if (found === undefined) {
    throw new Error(`${urn}: resource type ${type} is not supported by the embedded engine; it supports ${Object.keys(implementations).join(", ")}. Use the Pulumi CLI for this program`);
  }
  return found;
}

/** The `__meta` of a resource type; none of a type that the engine does not know. */
export function metaOf(type: string): string | undefined {
  return implementations[type]?.meta;
}

/** A provider resource: settings only. Its changes never replace it. */
function providerType(name: string, inputs: readonly string[], defaults: Props = {}): ResourceType {
  const schema: Schema = Object.fromEntries([...inputs, "version", ...Object.keys(defaults)].map((key) => [key, { inPlace: true }]));
  return {
    deleteBeforeReplace: false,
    secretOutputs: [],
    check(_name, given) {
      const unknown = Object.keys(given).filter((key) => !(key in schema) && key !== "__internal");
      if (unknown.length > 0) {
        throw new Error(`provider ${name}: ${unknown.map((key) => `input ${key} is not supported`).join("; ")}. The embedded engine supports: ${Object.keys(schema).join(", ")}`);
      }
      return Object.fromEntries(Object.entries({ ...defaults, ...given }).map(([key, value]) => [key, asGoWrites(value)]));
    },
    diff: (old, given) => diffInputs(schema, old.inputs, given),
    create: (_context, given) => Promise.resolve({ id: randomUUID(), outputs: withoutInternal(given) }),
    update: (_context, old, given) => Promise.resolve({ id: old.id, outputs: withoutInternal(given) }),
    delete: () => Promise.resolve(),
    read: (_context, old) => Promise.resolve(old),
  };
}

/** Nested settings come as JSON text; the CLI writes it anew with sorted keys and Go's escapes. */
function asGoWrites(value: Value): Value {
  if (isSecret(value)) {
    return secret(asGoWrites(value["value"] ?? null));
  }
  if (typeof value !== "string" || !/^[[{]/.test(value)) {
    return value;
  }
  const text = JSON.stringify(sorted(JSON.parse(value) as Value));
  return text.replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function sorted(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, sorted(item)]),
    );
  }
  return value;
}

function withoutInternal<T extends object>(inputs: T): T {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== "__internal")) as T;
}
