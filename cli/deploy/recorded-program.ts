import { RunError } from "@pulumi/pulumi";
import { runProgram } from "../../pulumi/program.ts";
import { Crypter } from "../../pulumi/secrets.ts";
import { readProject } from "../../pulumi/stackfile.ts";
import { makeUrn } from "../../pulumi/urn.ts";
import { plainProps, type Props, showUnknown } from "../../pulumi/values.ts";
import { types } from "../../pulumi/resource-types.ts";
import type { StackValues } from "../stack-file/stack-values.ts";

/** One resource as the program registered it, its inputs without the marks of secrets; what is not known is `[unknown]`. */
export interface Registration {
  type: string;
  name: string;
  urn: string;
  inputs: Props;
  protect: boolean;
  retainOnDelete: boolean;
}

/** Of what a program asks for, that which commands look at. */
export interface Asked {
  /** Images that it builds. */
  images: Registration[];
  volumes: Registration[];
  networks: Registration[];
}

export function askedIn(registrations: readonly Registration[]): Asked {
  const of = (wanted: string) => registrations.filter(({ type }) => type === wanted);
  return { images: of(types.built), volumes: of(types.volume), networks: of(types.network) };
}

/** Options that change none of what the rules look at. Another one might, such as `transforms`. */
const clear = new Set(["import", "hideDiffs", "hooks", "replaceWith", "replacementTrigger", "stateMigrations"]);

/**
 * What the unchanged program asks for with these values. Nothing is contacted, and nothing decrypted: each resource is
 * answered with its own inputs and what the program reads of outputs. Once a thread, as modules are loaded once.
 *
 * @throws what the program threw, for example problems of the stack file.
 */
export async function recordProgram(folder: string, stack: string, { values, secretKeys }: StackValues): Promise<Registration[]> {
  const registrations: Registration[] = [];
  const problems: string[] = [];
  const project = readProject(folder);
  const config = { values, secretKeys, crypter: Crypter.passing() };
  await runProgram({ projectDir: folder, project, stack, config, dryRun: true }, {
    name: "the policy check, which runs the program with nothing behind it; take it out",
    register: ({ type, name, parent, inputs: given, protect = false, retainOnDelete = false }, unread) => {
      const unclear = unread.filter((option) => !clear.has(option));
      if (unclear.length > 0) problems.push(`${name} (${type}): the policy can't tell what it becomes by ${unclear.join(", ")}; take it out`);
      const inputs = showUnknown(plainProps(given)) as Props;
      const urn = makeUrn(stack, project.name, parent, type, name);
      registrations.push({ type, name, urn, inputs, protect, retainOnDelete });
      return Promise.resolve({ urn, id: `${name}-id`, outputs: { ...inputs, ...outputsOf(type, name, inputs) } });
    },
    registerOutputs: () => undefined,
    diagnostic: (severity, message) => {
      if (severity === "error") problems.push(message);
    },
  });
  // What waits for an answer that was refused is never registered, so no rule would look at it.
  if (problems.length > 0) throw new RunError(problems.join("\n"));
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
    [types.password]: { result: name, bcryptHash: name },
    [types.suffix]: { hex: name },
  };
  return made[type] ?? {};
}
