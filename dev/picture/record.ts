import { recordProgram } from "../../cli/deploy/recorded-program.ts";
import { stackValues } from "../../cli/stack-file/stack-values.ts";
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
 * What the unchanged program asks for in one stack. Once a process, as modules are loaded once.
 *
 * @param apps The applications that are shown. @default all
 * @throws what the program threw, for example problems of the stack file.
 */
export async function recordStack(folder: string, stack: string, apps?: readonly string[]): Promise<Stack> {
  const { values, secretKeys } = stackValues(folder, stack);
  const all = Object.entries(JSON.parse(values["berth:apps"] ?? "{}") as object);
  const shown = Object.fromEntries(all.filter(([name]) => apps?.includes(name) ?? true));
  const registrations = await recordProgram(folder, stack, { values: { ...values, "berth:apps": JSON.stringify(shown) }, secretKeys });
  return stackOf(
    stack,
    registrations.map(({ type, name, inputs }) => ({ type: type.slice(type.lastIndexOf(":") + 1), name, inputs })),
  );
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
