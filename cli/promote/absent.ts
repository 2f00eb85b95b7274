import { stackContainers } from "../../docker/labels.ts";
import { messageOf } from "../exit.ts";
import { isUp } from "../deploy/ownership.ts";
import type { Running, Side } from "./running.ts";
import type { StackValues } from "./stack-file.ts";

/**
 * Why it is not known what runs in a stack that is promoted to: its state runs nothing, and its file names images, or its
 * Docker host has containers of it. Undefined where the state runs something, and of a stack that never was up.
 */
export async function absenceOf({ stack, deployer, docker }: Side, { state }: Pick<Running, "state">, { apps, own }: Pick<StackValues, "apps" | "own">): Promise<string | undefined> {
  if (isUp(state)) return undefined;
  const looked = `its state runs nothing: ${deployer.description}`;
  const named = [...Object.entries(apps).flatMap(([name, { image }]) => (image === undefined ? [] : [name])), ...Object.keys(own)];
  if (named.length > 0) return `Pulumi.${stack}.yaml names the images of ${named.join(", ")}, but ${looked}`;
  try {
    const { length } = await stackContainers(docker, stack);
    return length === 0 ? undefined : `the Docker host of ${stack} has ${length} containers of it, but ${looked}`;
  } catch (error) {
    return `${stack} can't be looked at: ${messageOf(error)}, and ${looked}`;
  }
}
