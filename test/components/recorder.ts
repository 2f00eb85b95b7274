import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** One resource as the program registered it. */
export interface Recorded {
  type: string;
  name: string;
  urn: string;
  /** Name of the parent, undefined for the stack's own. */
  parent: string | undefined;
  /** Inputs with secrets unwrapped, without those that are undefined. */
  inputs: Record<string, unknown>;
  /** Paths of the inputs that are secret, for example `uploads`. */
  secretInputs: string[];
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean | undefined;
  replaceOnChanges: string[];
  ignoreChanges: string[];
  /** Outputs that the state keeps as secrets though the provider does not. */
  secretOutputs: string[];
  /** Seconds or longer, as the program spells them, by operation. */
  timeouts: Record<string, string>;
  /** Names of the resources that it waits for by `dependsOn` or by an input. */
  dependsOn: string[];
  /** Name of the explicit provider, for custom resources. */
  provider: string | undefined;
}

type Outputs = Record<string, unknown>;
/** The parts of a registration that the recorder reads; the SDK's declarations keep the class to itself. */
interface Registration {
  getType(): string;
  getName(): string;
  getProvider(): string;
  getParent(): string;
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean;
  getDeletebeforereplacedefined(): boolean;
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getCustomtimeouts(): { toObject(): Record<string, string> } | undefined;
  getDependenciesList(): string[];
  getObject(): { toJavaScript(): Outputs };
}

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Runs a program or a component on Pulumi's mocks and gives what it registered.
 *
 * Names, volumes and containers get the outputs of a real provider as far as components read them.
 * Shows what a program asks for, not that an engine or a provider can do it.
 *
 * @param more Outputs beyond the defaults, by resource name, for example the exit code of a job.
 * @throws AssertionError when two resources have the same URN, which the engine would refuse.
 */
export async function record<Result>(
  program: () => Result | Promise<Result>,
  options: { stack?: string; more?: Record<string, Outputs>; preview?: boolean } = {},
): Promise<{ resources: Recorded[]; result: Result }> {
  const resources: Recorded[] = [];
  const { stack = "test", more = {}, preview = false } = options;
  const monitor = new RecordingMonitor(
    {
      newResource: ({ type, name, inputs, custom }) => ({
        id: custom === false ? "" : `${name}-id`,
        state: { ...inputs, ...outputsOf(type, name, inputs), ...more[name] },
      }),
      call: ({ inputs }) => inputs,
    },
    resources,
  );
  const runtime = pulumi.runtime as typeof pulumi.runtime & { setMockOptions(...args: unknown[]): void; awaitFeatureSupport(): Promise<void> };
  runtime.setMockOptions(monitor, "berth", stack, preview, "organization");
  // Asks the monitor what it supports: without it the SDK would send secrets as plain values.
  await runtime.awaitFeatureSupport();
  const result = await program();
  await settled(resources);
  const urns = resources.map(({ urn }) => urn);
  assert.deepEqual(urns, [...new Set(urns)], "every resource has a URN of its own");
  return { resources, result };
}

/** Late children register while others are resolved: done when nothing new came for some turns of the loop. */
async function settled(resources: Recorded[]): Promise<void> {
  const runtime = pulumi.runtime as typeof pulumi.runtime & { waitForRPCs(): Promise<void> };
  let quiet = 0;
  let count = -1;
  while (quiet < 5) {
    await runtime.waitForRPCs();
    await new Promise((resolve) => void setImmediate(resolve));
    quiet = resources.length === count ? quiet + 1 : 0;
    count = resources.length;
  }
}

class RecordingMonitor extends MockMonitor {
  private readonly recorded: Recorded[];

  constructor(mocks: ConstructorParameters<typeof MockMonitor>[0], recorded: Recorded[]) {
    super(mocks);
    this.recorded = recorded;
  }

  override async registerResource(request: Registration, callback: Parameters<MockMonitor["registerResource"]>[1]): Promise<void> {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const { value, secret } = unwrap(request.getObject().toJavaScript());
    const inputs = value as Outputs;
    const recorded: Recorded = {
      type,
      name,
      urn: "",
      parent: nameOf(parent),
      inputs,
      secretInputs: secret.toSorted(),
      protect: request.getProtect() ?? false,
      retainOnDelete: request.getRetainondelete() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
      replaceOnChanges: request.getReplaceonchangesList(),
      ignoreChanges: request.getIgnorechangesList(),
      secretOutputs: request.getAdditionalsecretoutputsList(),
      timeouts: Object.fromEntries(Object.entries(request.getCustomtimeouts()?.toObject() ?? {}).flatMap(([operation, time]) => (time === "" ? [] : [[operation.replace(/^pb_/, ""), time]]))),
      dependsOn: request.getDependenciesList().map((urn: string) => nameOf(urn) ?? urn).toSorted(),
      provider: nameOf(request.getProvider().split("::").slice(0, 4).join("::")),
    };
    this.recorded.push(recorded);
    await super.registerResource(request, (error, response) => {
      recorded.urn = response?.getUrn() ?? "";
      callback(error, response);
    });
  }

  // Without these a resource with a hook never resolves.
  registerResourceHook(_: unknown, callback: (error: undefined, answer: object) => void): void {
    callback(undefined, {});
  }

  registerErrorHook(_: unknown, callback: (error: undefined, answer: object) => void): void {
    callback(undefined, {});
  }
}

/** What a provider adds to the inputs, as far as the program reads it. */
function outputsOf(type: string, name: string, inputs: Outputs): Outputs {
  switch (type) {
    case "docker:index/container:Container":
      return { name: inputs["name"] ?? `${name}-0a1b2c3`, exitCode: 0, containerLogs: "" };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: `sha256:${name}`, repoDigest: `${String(inputs["name"]).split("@")[0]?.replace(/:[^:/]*$/, "")}@sha256:${hex(name)}` };
    case "docker:index/network:Network":
      return { ipamConfigs: inputs["ipamConfigs"] ?? [{ subnet: "172.20.0.0/16", gateway: "172.20.0.1" }] };
    case "docker-build:index:Image":
      return { digest: `sha256:${hex(name)}`, ref: `${name}@sha256:${hex(name)}` };
    case "random:index/randomPassword:RandomPassword":
      // The real provider marks both as secret.
      return { result: secretOf(`password-of-${name}`), bcryptHash: secretOf(`bcrypt-of-${name}`) };
    case "random:index/randomId:RandomId":
      return { hex: hex(name).slice(0, 8) };
    default:
      return {};
  }
}

export function secretOf(value: string): pulumi.Output<string> {
  return pulumi.secret(value);
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64);
}

/** A plain copy, and the paths at which a secret was. */
function unwrap(value: unknown, path: string[] = []): { value: unknown; secret: string[] } {
  if (Array.isArray(value)) {
    const items = value.map((item, index) => unwrap(item, [...path, String(index)]));
    return { value: items.map((item) => item.value), secret: items.flatMap((item) => item.secret) };
  }
  if (typeof value !== "object" || value === null) return { value, secret: [] };
  if (signature in value && value[signature] === secretSignature) {
    return { value: unwrap((value as { value?: unknown }).value).value, secret: [path.join(".")] };
  }
  const entries = Object.entries(value).map(([key, item]) => [key, unwrap(item, [...path, key])] as const);
  return {
    value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
    secret: entries.flatMap(([, item]) => item.secret),
  };
}

function nameOf(urn: string): string | undefined {
  return urn.split("::")[3];
}
