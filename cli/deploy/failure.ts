import type Dockerode from "dockerode";
import { build } from "../../docker/buildx.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { containerLogs } from "../../docker/health.ts";
import { commandOf, unpushed } from "./build-ahead.ts";
import type { ResourceEvent } from "./deployer.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { stopLate } from "../../docker/late-job.ts";
import { codeOf, messageOf, OpsError } from "../exit.ts";
import type { Props } from "../../pulumi/values.ts";
import { types } from "../../pulumi/resource-types.ts";

/** Lines of a log that are shown. */
const tail = 20;

/**
 * The error of a failed update with the cause of each failure, which the Pulumi providers leave out: of a container
 * that did not get healthy they tell nothing else, and of a failed build "exit status 1".
 */
export async function withCauses(error: unknown, failed: ResourceEvent[], docker: Dockerode, stack: string): Promise<Error> {
  const lines: string[] = [];
  for (const { type, name, detail } of failed) {
    if (type === types.container) lines.push(...(await containerCause(docker, stack, name)));
    if (type === types.built && detail?.after !== undefined) lines.push(...(await buildCause(name.replace(/-image$/, ""), detail.after as Props)));
  }
  if (/address pool among the defaults/.test(messageOf(error))) lines.push(addressPools);
  if (lines.length === 0) return error instanceof Error ? error : new OpsError(messageOf(error));
  return new OpsError([messageOf(error), ...lines].join("\n"), codeOf(error));
}

const addressPools = `The Docker Engine has no addresses left for another network: by its defaults about thirty, for all stacks of a host. Give it more in /etc/docker/daemon.json, {"default-address-pools": [{"base": "10.128.0.0/12", "size": 24}]}, restart it, and run this again; or take a stack down.`;

/** State and last lines of the newest container that a resource made: its name, and a random suffix. */
async function containerCause(docker: Dockerode, stack: string, resource: string): Promise<string[]> {
  const made = (await stackContainers(docker, stack)).filter(({ Names }) => new RegExp(`^/${resource}-[0-9a-f]{7}$`).test(Names[0] ?? ""));
  const newest = made.at(-1);
  if (newest === undefined) return [];
  const { State } = (await docker.getContainer(newest.Id).inspect().catch(unlessStatus(404))) ?? {};
  if (State === undefined) return [];
  // What the provider gave up waiting for, and left running.
  if (State.Running && newest.Labels[labels.role] === "job") return `${newest.Names[0]?.slice(1)} ${await stopLate(docker, newest.Id)}`.split("\n");
  const probe = State.Health?.Log.at(-1)?.Output.trim();
  const log = (await containerLogs(docker, newest.Id, tail).catch(unlessStatus(404, 409))) ?? "";
  return [
    `${newest.Names[0]?.slice(1)} is ${State.Status}${State.Status === "exited" ? ` with code ${State.ExitCode}` : ""}${State.Health === undefined ? "" : `, ${State.Health.Status}`}${probe ? `; its health check said: ${probe}` : ""}. Its last lines:`,
    ...logLines(log),
  ];
}

/** Builds once more without pushing, to see why it fails; the steps that succeeded come from the cache. */
async function buildCause(image: string, inputs: Props): Promise<string[]> {
  try {
    await build(unpushed(inputs));
  } catch (error) {
    return [`the image of ${image} can't be built (${commandOf(inputs)}). The last lines:`, ...logLines(messageOf(error))];
  }
  return [`the image of ${image} can be built (${commandOf(inputs)}): it could not be pushed, see the registry: ./berth logs registry`];
}

function logLines(text: string): string[] {
  return text.trimEnd().split("\n").slice(-tail).map((line) => `  | ${line.trimEnd()}`);
}
