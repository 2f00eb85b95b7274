import { runProgram } from "../engine/program.ts";
import { Crypter } from "../engine/secrets.ts";
import { readProject } from "../engine/stackfile.ts";
import { makeUrn } from "../engine/urn.ts";
import { plainProps, type Props, showUnknown } from "../engine/values.ts";
import { types } from "./resource-types.ts";
import type { StackValues } from "./stack-values.ts";

/** One resource as the program registered it, its inputs without the marks of secrets; what is not known is `[unknown]`. */
export interface Registration {
  type: string;
  name: string;
  urn: string;
  inputs: Props;
  protect: boolean;
  retainOnDelete: boolean;
}

/**
 * What the unchanged program asks for with these values. Nothing is contacted, and nothing decrypted: each resource is
 * answered with its own inputs and what the program reads of outputs. Once a thread, as modules are loaded once.
 *
 * @throws what the program threw, for example problems of the stack file.
 */
export async function recordProgram(folder: string, stack: string, { values, secretKeys }: StackValues): Promise<Registration[]> {
  const registrations: Registration[] = [];
  const project = readProject(folder);
  const config = { values, secretKeys, crypter: await Crypter.create("") };
  await runProgram({ projectDir: folder, project, stack, config, dryRun: true }, {
    register: (read) => {
      const { type, name, parent, inputs: given, protect = false, retainOnDelete = false } = read();
      const inputs = showUnknown(plainProps(given)) as Props;
      const urn = makeUrn(stack, project.name, parent, type, name);
      registrations.push({ type, name, urn, inputs, protect, retainOnDelete });
      return Promise.resolve({ urn, id: `${name}-id`, outputs: { ...inputs, ...outputsOf(type, name, inputs) } });
    },
    registerOutputs: () => undefined,
    diagnostic: () => undefined,
  });
  return registrations;
}

const digest = `sha256:${"0".repeat(64)}`;

function outputsOf(type: string, name: string, inputs: Props): Props {
  const image = typeof inputs["name"] === "string" ? inputs["name"] : "";
  const made: Record<string, Props> = {
    [types.container]: { name, exitCode: 0, containerLogs: "" },
    [types.network]: { ipamConfigs: inputs["ipamConfigs"] ?? [{ subnet: "10.0.0.0/24" }] },
    [types.pulled]: { repoDigest: image.includes("@") ? image : `${image}@${digest}`, imageId: digest },
    [types.built]: { digest },
    "random:index/randomPassword:RandomPassword": { result: name, bcryptHash: name },
    [types.suffix]: { hex: name },
  };
  return made[type] ?? {};
}
