import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { runProgram } from "../../engine/program.ts";
import { Crypter } from "../../engine/secrets.ts";
import { readProject } from "../../engine/stackfile.ts";
import { plainProps, type Props } from "../../engine/values.ts";
import type { Network, Part, Stack } from "./stack.ts";

/** One resource of the program: its type's last part, its name and what it was given. */
interface Resource {
  type: string;
  name: string;
  inputs: Inputs;
}

/** The inputs that the picture shows, of containers, networks and volumes. */
interface Inputs {
  name?: string;
  image?: string;
  internal?: boolean;
  memory?: number;
  cpus?: string;
  start?: boolean;
  attach?: boolean;
  labels?: { label: string; value: string }[];
  networksAdvanced?: { name: string }[];
  mounts?: { source: string }[];
  ports?: { ip: string; external: number; internal: number }[];
}

/**
 * What the unchanged program asks for in one stack. Nothing is contacted: each resource is answered with its own
 * inputs and what the program reads of outputs. Once a process, as modules are loaded once.
 *
 * @param apps The applications that are shown. @default all
 * @throws what the program threw, for example problems of the stack file.
 */
export async function recordStack(folder: string, stack: string, apps?: readonly string[]): Promise<Stack> {
  const resources: Resource[] = [];
  const config = { values: stackValues(join(folder, `Pulumi.${stack}.yaml`), apps), secretKeys: [], crypter: await Crypter.create("") };
  await runProgram({ projectDir: folder, project: readProject(folder), stack, config, dryRun: false }, {
    register: (read) => {
      const { type, name, inputs: given } = read();
      const inputs = plainProps(given);
      resources.push({ type: type.slice(type.lastIndexOf(":") + 1), name, inputs });
      const urn = `urn:pulumi:${stack}::berth::${type}::${name}`;
      return Promise.resolve({ urn, id: `${name}-id`, outputs: { ...inputs, ...outputsOf(type, name, inputs) } });
    },
    registerOutputs: () => undefined,
    diagnostic: () => undefined,
  });
  return stackOf(stack, resources);
}

/** A stack file's values as the engine hands them over, without the applications that are not asked for. */
function stackValues(file: string, apps: readonly string[] | undefined): Record<string, string> {
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  const all = Object.entries(config["berth:apps"] ?? {});
  config["berth:apps"] = Object.fromEntries(all.filter(([name]) => apps?.includes(name) ?? true));
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, textOf(value)]));
}

/** No picture needs what is encrypted. */
function textOf(value: unknown): string {
  if (typeof value === "object" && value !== null && "secure" in value) return "encrypted";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function outputsOf(type: string, name: string, inputs: Props): Props {
  const made: Record<string, Props> = {
    "docker:index/container:Container": { name, exitCode: 0, containerLogs: "" },
    "docker:index/network:Network": { ipamConfigs: inputs["ipamConfigs"] ?? [{ subnet: "10.0.0.0/24" }] },
    // The name stays, so that the picture can say which image a part runs.
    "docker:index/remoteImage:RemoteImage": { repoDigest: inputs["name"] ?? "" },
    "docker-build:index:Image": { digest: "sha256:0" },
    "random:index/randomPassword:RandomPassword": { result: name, bcryptHash: name },
    "random:index/randomId:RandomId": { hex: name },
  };
  return made[type] ?? {};
}

function stackOf(stack: string, resources: Resource[]): Stack {
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const label = ({ inputs }: Resource, name: string) => inputs.labels?.find((item) => item.label === `berth.${name}`)?.value;
  const short = (name = "") => name.replace(`berth-${stack}-`, "");
  const data = of("Volume").filter((volume) => label(volume, "role") === "data").map(({ inputs }) => inputs.name);
  const networks = of("Network").map(({ inputs }): Network => ({ name: short(inputs.name), internal: inputs.internal === true }));
  const [parts, jobs]: [Part[], string[]] = [[], []];
  let files = 0;
  for (const container of of("Container")) {
    const { name, inputs } = container;
    if (inputs.start === false) files += 1;
    else if (inputs.attach === true) jobs.push(name);
    else {
      const replica = /^(.+)-(\d+)$/.exec(name);
      const first = replica === null ? undefined : parts.find((part) => part.name === replica[1]);
      if (first !== undefined) first.replicas += 1;
      else parts.push(partOf(replica?.[1] ?? name, inputs));
    }
  }
  return { name: stack, networks, parts, jobs, files };

  function partOf(name: string, inputs: Inputs): Part {
    return {
      name,
      replicas: 1,
      image: (inputs.image ?? "").replace(/@sha256:.*/, "").replace(/^[^/]*[.:][^/]*\//, ""),
      memory: inputs.memory ?? 0,
      cpus: Number(inputs.cpus ?? 0),
      networks: (inputs.networksAdvanced ?? []).map((network) => short(network.name)),
      volumes: (inputs.mounts ?? []).filter(({ source }) => data.includes(source)).map(({ source }) => short(source)),
      ports: (inputs.ports ?? []).map(({ ip, external, internal }) => ({ outside: `${ip}:${external}`, inside: internal })),
    };
  }
}
