import { join } from "node:path";
import { objects, strings, text, texts } from "../inputs.ts";
import { isObject, textOf, type Props } from "../values.ts";

/** What follows `docker buildx build`, in the order that pulumi-docker-build gives it. */
export function buildArguments(inputs: Props): string[] {
  const pairs = (flag: string, key: string): string[] => Object.entries(strings(inputs[key]) ?? {}).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const list = (flag: string, key: string): string[] => (texts(inputs[key]) ?? []).flatMap((value) => [flag, value]);
  const one = (flag: string, key: string): string[] => (text(inputs[key]) === undefined ? [] : [flag, text(inputs[key]) ?? ""]);
  const when = (flag: string, key: string): string[] => (inputs[key] === true ? [flag] : []);
  const builder = isObject(inputs["builder"]) ? text(inputs["builder"]["name"]) : undefined;
  return [
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
    ...secretsOf(inputs).flatMap(([id], index) => ["--secret", `id=${id},env=${variable(index)}`]),
    ...(remote(inputs) ? [] : ["--file", dockerfile(inputs)]),
    location(inputs),
  ];
}

/** Variables that hold the secrets of a build, as the arguments name them. */
export function buildEnvironment(inputs: Props): Record<string, string> {
  return Object.fromEntries(secretsOf(inputs).map(([, value], index) => [variable(index), value]));
}

function secretsOf(inputs: Props): [id: string, value: string][] {
  return Object.entries(strings(inputs["secrets"]) ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function variable(index: number): string {
  return `BERTH_BUILD_SECRET_${index}`;
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

/** `name:tag@digest` of the first tag; the tag alone when nothing was pushed. */
export function reference(tags: readonly string[], digest: string): string {
  const [tag = ""] = tags;
  const tagged = /:[^/]+$/.test(tag) ? tag : `${tag}:latest`;
  return digest === "" ? tag : `${tagged}@${digest}`;
}

/** The folder or git address of the build context. */
export function location(inputs: Props): string {
  const { context } = inputs;
  return (isObject(context) ? text(context["location"]) : undefined) ?? ".";
}

/** A git address, whose Dockerfile buildx finds itself. */
export function remote(inputs: Props): boolean {
  return /^https?:\/\//.test(location(inputs));
}

/** The path of the Dockerfile. Throws where its text is given instead. */
export function dockerfile(inputs: Props): string {
  const { dockerfile: file } = inputs;
  const path = isObject(file) ? text(file["location"]) : undefined;
  if (isObject(file) && file["inline"] !== undefined) {
    throw new Error("docker-build.Image: input dockerfile.inline is not supported by the embedded engine");
  }
  return path ?? join(location(inputs), "Dockerfile");
}
