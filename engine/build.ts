import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build as buildx } from "../docker/buildx.ts";
import { loggedIn } from "../docker/login.ts";
import { buildArguments, buildEnvironment, dockerfile, location, reference, remote } from "../pulumi/docker-build/arguments.ts";
import { contextHash } from "../pulumi/docker-build/context-hash.ts";
import { objects, texts } from "../pulumi/inputs.ts";
import { equal, isObject, UNKNOWN, type Props } from "../pulumi/values.ts";
import { loginsIn } from "./docker/host.ts";
import type { Context, Made, ResourceType } from "./provider.ts";
import type { Schema } from "./schema.ts";

const INPUTS: Schema = Object.fromEntries(
  "addHosts buildArgs buildOnPreview builder cacheFrom cacheTo context dockerfile exec labels load network noCache platforms pull push registries secrets tags target"
    .split(" ")
    .map((key) => [key, {}]),
);

/** docker-build.Image, by `docker buildx build`. A build is due when an input or the context's content has changed. */
export const buildImage: ResourceType = {
  deleteBeforeReplace: false,
  secretOutputs: [],
  changedByUpdate: ["contextHash", "digest", "ref"],

  check(_name, inputs) {
    const unknown = Object.keys(inputs).filter((key) => !(key in INPUTS));
    const context = inputs["context"];
    if (unknown.length > 0) {
      throw new Error(`docker-build.Image: ${unknown.map((key) => `input ${key} is not supported`).join("; ")}. The embedded engine supports: ${Object.keys(INPUTS).join(", ")}`);
    }
    if (isObject(context) && context["named"] !== undefined) {
      throw new Error("docker-build.Image: input context.named is not supported by the embedded engine");
    }
    return remote(inputs) ? inputs : { ...inputs, dockerfile: inputs["dockerfile"] ?? { location: join(location(inputs), "Dockerfile") } };
  },

  diff(old, inputs) {
    const changed = Object.keys(INPUTS).filter((key) => !["exec", "registries"].includes(key) && !equal(old.inputs[key], inputs[key]));
    if (!equal(logins(old.inputs), logins(inputs))) {
      changed.push("registries");
    }
    return { changed, replace: [] };
  },

  async drift(old, inputs) {
    const known = location(inputs) !== UNKNOWN;
    return known && (await hashOf(inputs)) !== old.outputs["contextHash"] ? ["contextHash"] : [];
  },

  create: build,
  update: async (context, old, inputs) => ({ ...(await build(context, inputs)), id: old.id }),
  delete: () => Promise.resolve(),
  read: (_context, old) => Promise.resolve(old),
};

async function build(context: Context, inputs: Props): Promise<Made> {
  const hash = await hashOf(inputs);
  const folder = await mkdtemp(join(tmpdir(), "berth-build-"));
  try {
    const metadata = join(folder, "metadata.json");
    const environment = await loggedIn(folder, process.env, loginsIn(inputs["registries"]));
    await buildx(["--metadata-file", metadata, ...buildArguments(inputs)], { environment: { ...environment, ...buildEnvironment(inputs) }, signal: context.signal });
    const result = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
    const digest = result["containerimage.digest"] ?? "";
    return { id: digest || context.name, outputs: { ...inputs, contextHash: hash, digest, ref: reference(texts(inputs["tags"]) ?? [], digest) } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function logins(inputs: Props): Props[] {
  return objects(inputs["registries"]).map((login) => ({ address: login["address"] ?? "", username: login["username"] ?? "" }));
}

/** A git address names a commit, so it is a hash already. */
async function hashOf(inputs: Props): Promise<string> {
  return remote(inputs) ? location(inputs) : contextHash(location(inputs), dockerfile(inputs));
}
