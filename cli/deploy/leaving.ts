import { labels } from "../../docker/labels.ts";
import { types } from "../../pulumi/resource-types.ts";
import type { Context } from "../command.ts";
import { labelsOf, nameOnHost } from "../drift/wanted.ts";
import { confirm } from "../prompts.ts";
import { dataVolumes } from "./data-volumes.ts";
import type { Asked } from "./recorded-program.ts";
import { type Deployment, realResources } from "./stack-state.ts";

/** What an update takes away. */
export interface Leaving {
  /** Names of applications: their addresses answer no more. */
  applications: string[];
  /** Names of data volumes on the Docker host, where they stay. */
  volumes: string[];
}

/** What a state has and the program asks for no more; of the platform's parts those with data. Pure. */
export function leaving(state: Deployment, { volumes, networks }: Pick<Asked, "volumes" | "networks">): Leaving {
  const asked = new Set(volumes.map(({ urn }) => urn));
  // Each application has a network of its own.
  const there = appsOf(realResources(state).filter(({ type }) => type === types.network));
  const stay = new Set(appsOf(networks.map(({ urn, type, inputs }) => ({ urn, type, inputs }))));
  return {
    applications: there.filter((app) => !stay.has(app)),
    volumes: dataVolumes(state).filter(({ urn }) => !asked.has(urn)).map(nameOnHost).toSorted(),
  };
}

function appsOf(networks: readonly Parameters<typeof labelsOf>[0][]): string[] {
  return [...new Set(networks.flatMap((network) => labelsOf(network)[labels.app] ?? []))].toSorted();
}

/**
 * In production, somebody types the stack's name before something is taken away. What a machine applies says so beforehand,
 * by an approved plan or by an option.
 *
 * @throws OpsError (2) where there is nobody to ask, (6) for any other answer.
 */
export async function consentTo(context: Pick<Context, "terminal" | "signal">, stack: string, { applications, volumes }: Leaving): Promise<void> {
  const told = [
    ...applications.map((app) => `the application ${app}: its address answers no more`),
    ...volumes.map((name) => `the volume ${name}: its data stays on the Docker host`),
  ];
  if (told.length === 0) return;
  const warning = [`Stack "${stack}" is production, as berth:environment is not dev. These leave it:`, ...told.map((line) => `  ${line}`)].join("\n");
  const names = [...applications, ...volumes].join(", ");
  await confirm(context, { stack, option: "berth up", does: `takes ${names} out of a stack of production`, warning, instead: `apply a plan that says so: ./berth preview -s ${stack} --save-plan <file>, then ./berth up -s ${stack} --plan <file>` });
}
