import { types } from "../../pulumi/resource-types.ts";
import { text } from "../drift/wanted.ts";
import type { Asked } from "./recorded-program.ts";
import { type Deployment, realResources, type StateResource } from "./stack-state.ts";

/** The volumes of a state that hold data: they stay on the Docker host when the program names them no more. */
export function dataVolumes(state: Deployment): StateResource[] {
  return realResources(state).filter(({ type, retainOnDelete }) => type === types.volume && retainOnDelete === true);
}

/** The one that a stack can't be without: it stays protected. */
const permanent = /::berth:index:Postgres\$berth:index:Volume\$docker:/;

/**
 * URNs of the data volumes that an earlier version of Berth protected, and that the program names no more: the engines
 * would refuse every update. They leave the state, and stay on the Docker host with their data.
 *
 * @param asked Undefined where the Pulumi CLI alone can run the program: then none is let go.
 */
export function letGo(state: Deployment, asked: Asked | undefined): string[] {
  if (asked === undefined) return [];
  const named = new Set(asked.volumes.map(({ urn }) => urn));
  return dataVolumes(state).filter(({ urn, protect }) => protect === true && !named.has(urn) && !permanent.test(urn)).map(({ urn }) => urn);
}

/** Names of the data volumes that an update makes, and that the Docker host has already: from before, or made beforehand. */
export function foundAgain({ volumes }: Asked, made: ReadonlySet<string>, there: ReadonlySet<string>): string[] {
  return volumes.filter(({ urn, retainOnDelete }) => retainOnDelete && made.has(urn)).map(({ inputs }) => text(inputs["name"])).filter((name) => there.has(name));
}

/** What an operator is told of data volumes that have left a stack. @param host Of the Docker host, where the stack file names one. */
export function keptNote(names: readonly string[], host: string | undefined): string {
  const [one, many] = names.length === 1 ? ["the volume", "has"] : ["the volumes", "have"];
  const docker = host === undefined ? "docker" : `docker -H ${host}`;
  return `${one} ${names.join(", ")} ${many} left the stack and ${names.length === 1 ? "stays" : "stay"} on the Docker host: what comes back finds its data again. To delete it for ever: ${docker} volume rm ${names.join(" ")}`;
}
