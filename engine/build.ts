import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { contextHash } from "./contexthash.ts";
import { bareHost } from "./docker/client.ts";
import { objects, strings, text, texts } from "./docker/spec.ts";
import type { Context, Made, ResourceType } from "./provider.ts";
import type { Schema } from "./schema.ts";
import { equal, isObject, textOf, UNKNOWN, type Props } from "./values.ts";

const INPUTS: Schema = Object.fromEntries(
  "addHosts buildArgs buildOnPreview builder cacheFrom cacheTo context dockerfile exec labels load network noCache platforms pull push registries tags target"
    .split(" ")
    .map((key) => [key, {}]),
);
const TAIL_LINES = 40;

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
    const environment = await loggedIn(folder, process.env, objects(inputs["registries"]));
    await run(buildArguments(inputs, metadata), environment, context);
    const result = JSON.parse(await readFile(metadata, "utf8")) as Record<string, string>;
    const digest = result["containerimage.digest"] ?? "";
    return { id: digest || context.name, outputs: { ...inputs, contextHash: hash, digest, ref: reference(texts(inputs["tags"]) ?? [], digest) } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The arguments of `docker`, in the order that pulumi-docker-build gives them. */
export function buildArguments(inputs: Props, metadata: string): string[] {
  const pairs = (flag: string, key: string): string[] => Object.entries(strings(inputs[key]) ?? {}).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const list = (flag: string, key: string): string[] => (texts(inputs[key]) ?? []).flatMap((value) => [flag, value]);
  const one = (flag: string, key: string): string[] => (text(inputs[key]) === undefined ? [] : [flag, text(inputs[key]) ?? ""]);
  const when = (flag: string, key: string): string[] => (inputs[key] === true ? [flag] : []);
  const builder = isObject(inputs["builder"]) ? text(inputs["builder"]["name"]) : undefined;
  return [
    "buildx",
    "build",
    "--progress",
    "plain",
    "--metadata-file",
    metadata,
    ...(builder === undefined ? [] : ["--builder", builder]),
    ...pairs("--build-arg", "buildArgs"),
    ...cache("--cache-from", inputs, "cacheFrom"),
    ...cache("--cache-to", inputs, "cacheTo"),
    ...when("--load", "load"),
    ...when("--push", "push"),
    ...list("--add-host", "addHosts"),
    ...pairs("--label", "labels"),
    ...one("--network", "network"),
    ...when("--no-cache", "noCache"),
    ...list("--platform", "platforms"),
    ...when("--pull", "pull"),
    ...list("--tag", "tags"),
    ...one("--target", "target"),
    ...(remote(inputs) ? [] : ["--file", dockerfile(inputs)]),
    location(inputs),
  ];
}

/** Each cache is one object with one kind in it, or `raw`: `{registry: {ref}}` is `type=registry,ref=…`. */
function cache(flag: string, inputs: Props, key: string): string[] {
  return objects(inputs[key]).flatMap((item) =>
    Object.entries(item)
      .filter(([kind]) => kind !== "disabled")
      .flatMap(([kind, value]) => {
        const attributes = Object.entries(strings(value) ?? {}).map(([name, attribute]) => `,${name}=${attribute}`);
        return [flag, kind === "raw" ? textOf(item, kind) : `type=${kind}${attributes.join("")}`];
      }),
  );
}

async function run(args: string[], environment: NodeJS.ProcessEnv, context: Context): Promise<void> {
  const lines: string[] = [];
  const child = spawn("docker", args, { env: environment, stdio: ["ignore", "pipe", "pipe"], signal: context.signal });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => lines.push(...chunk.split("\n").filter((line) => line !== "")));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (code !== 0) {
    throw new Error(`docker buildx build ended with code ${code}:\n${lines.slice(-TAIL_LINES).join("\n")}`);
  }
}

/**
 * A Docker configuration in `folder`, so that a login never lands in the user's, which it is like in all else.
 *
 * @param logins Objects of `address`, `username` and `password`.
 * @returns The environment in which `docker` uses it.
 */
export async function loggedIn(folder: string, environment: NodeJS.ProcessEnv, logins: Props[]): Promise<NodeJS.ProcessEnv> {
  const own = JSON.parse(await readFile(join(dockerFolder(), "config.json"), "utf8").catch(() => "{}")) as { auths?: object; credsStore?: string };
  const auths = logins.map((login) => {
    const host = bareHost(text(login["address"]) ?? "docker.io");
    const auth = Buffer.from(`${text(login["username"]) ?? ""}:${text(login["password"]) ?? ""}`).toString("base64");
    return [host === "docker.io" ? "https://index.docker.io/v1/" : host, { auth }] as const;
  });
  delete own.credsStore;
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...own, auths: { ...own.auths, ...Object.fromEntries(auths) } }), { mode: 0o600 });
  for (const kept of ["contexts", "cli-plugins"]) {
    await cp(join(dockerFolder(), kept), join(folder, kept), { recursive: true }).catch(() => undefined);
  }
  return { ...environment, DOCKER_CONFIG: folder, BUILDX_CONFIG: join(dockerFolder(), "buildx") };
}

/** `name:tag@digest` of the first tag; the tag alone when nothing was pushed. */
export function reference(tags: readonly string[], digest: string): string {
  const [tag = ""] = tags;
  const tagged = /:[^/]+$/.test(tag) ? tag : `${tag}:latest`;
  return digest === "" ? tag : `${tagged}@${digest}`;
}

function logins(inputs: Props): Props[] {
  return objects(inputs["registries"]).map((login) => ({ address: login["address"] ?? "", username: login["username"] ?? "" }));
}

function location(inputs: Props): string {
  const { context } = inputs;
  return (isObject(context) ? text(context["location"]) : undefined) ?? ".";
}

/** A git address, whose Dockerfile buildx finds itself. */
function remote(inputs: Props): boolean {
  return /^https?:\/\//.test(location(inputs));
}

/** A git address names a commit, so it is a hash already. */
async function hashOf(inputs: Props): Promise<string> {
  return remote(inputs) ? location(inputs) : contextHash(location(inputs), dockerfile(inputs));
}

function dockerfile(inputs: Props): string {
  const { dockerfile: file } = inputs;
  const path = isObject(file) ? text(file["location"]) : undefined;
  if (isObject(file) && file["inline"] !== undefined) {
    throw new Error("docker-build.Image: input dockerfile.inline is not supported by the embedded engine");
  }
  return path ?? join(location(inputs), "Dockerfile");
}

function dockerFolder(): string {
  return process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
}
