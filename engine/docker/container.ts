import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import { Limit } from "../limit.ts";
import { halfMade, type Context, type ResourceType } from "../provider.ts";
import { checkNamed, diffInputs } from "../schema.ts";
import { textOf, equal, type Props } from "../../pulumi/values.ts";
import { statusOf, unlessStatus } from "../../docker/errors.ts";
import { dockerClient, explain } from "./host.ts";
import { containerLogs, waitHealthy } from "../../docker/health.ts";
import { stopLate } from "../../docker/late-job.ts";
import { ensureImage } from "./image.ts";
import { changeable, containerMeta, containerOutputs } from "./reading.ts";
import { containerSchema } from "./schema.ts";
import { number, objects, text, texts } from "../../pulumi/inputs.ts";
import { containerSpec, resources } from "./spec.ts";
import { uploadArchive } from "./upload.ts";

const UPDATABLE = ["restart", "maxRetryCount", "cpuShares", "cpuSet", "memory", "memoryReservation", "memorySwap"];
const DEFAULT_WAIT_SECONDS = 60;

/** At most so many containers are made or removed at a time; waiting for health does not count. */
const busy = new Limit(Number(process.env["BERTH_DOCKER_PARALLEL"] ?? 12));

/** docker.Container. */
export const container: ResourceType = {
  deleteBeforeReplace: true,
  meta: containerMeta,
  secretOutputs: [],
  check: (name, inputs, old) => checkNamed("docker.Container", containerSchema, name, inputs, old),
  diff: (old, inputs) => diffInputs(containerSchema, old.inputs, inputs),

  async create(context, inputs) {
    const client = dockerClient(context.provider);
    await ensureImage(context, textOf(inputs, "image"));
    const { id, problem: failure } = await busy.run(() => make(client, context, inputs));
    const name = textOf(inputs, "name");
    if (failure !== undefined) {
      return halfMade(`container ${name}`, id, inputs, failure);
    }
    try {
      const unhealthy = inputs["start"] === true && inputs["wait"] === true ? await waitHealthy(client, id, waitSeconds(inputs)) : undefined;
      const attached = inputs["attach"] === true && unhealthy === undefined ? await runToEnd(client, id, inputs, context.limit) : {};
      const problem = unhealthy ?? attached.problem;
      const outputs = { ...containerOutputs(await client.getContainer(id).inspect(), inputs), ...attached.outputs };
      return problem === undefined ? { id, outputs } : { id, outputs, problem: `${name}: ${problem}` };
    } catch (error) {
      return halfMade(`container ${name}`, id, inputs, error);
    }
  },

  async update(context, old, inputs) {
    const handle = dockerClient(context.provider).getContainer(old.id);
    try {
      if (UPDATABLE.some((key) => !equal(old.inputs[key], inputs[key]))) {
        await handle.update({
          ...resources(inputs),
          RestartPolicy: { Name: text(inputs["restart"]) ?? "no", MaximumRetryCount: number(inputs["maxRetryCount"]) ?? 0 },
        });
      }
      if (shouldRun(inputs) && old.outputs["mustRun"] === false) {
        await handle.start().catch(unlessStatus(304));
      }
      return { id: old.id, outputs: { ...old.outputs, ...containerOutputs(await handle.inspect(), inputs) } };
    } catch (error) {
      throw explain(`container ${textOf(inputs, "name")} cannot be changed`, error, context.provider);
    }
  },

  delete: (context, old) => busy.run(() => remove(context, old.id, old.inputs)),

  async read(context, old) {
    try {
      const found = await dockerClient(context.provider).getContainer(old.id).inspect();
      const now = changeable(found);
      const kept = Object.fromEntries(Object.entries(now).filter(([key]) => key in old.inputs));
      const inputs = { ...old.inputs, ...kept, ...(shouldRun(old.inputs) ? { mustRun: found.State.Running || found.State.Restarting } : {}) };
      return { id: found.Id, inputs, outputs: { ...old.outputs, ...containerOutputs(found, inputs) } };
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw explain(`container ${textOf(old.inputs, "name")}`, error, context.provider);
    }
  },

  async sweep(context, inputs, since) {
    const found = await dockerClient(context.provider)
      .getContainer(textOf(inputs, "name"))
      .inspect()
      .catch(unlessStatus(404));
    if (found !== undefined && new Date(found.Created) >= since) {
      await remove(context, found.Id, inputs);
      context.note(`removed container ${found.Name.slice(1)}, which an interrupted run had begun to make`);
    }
  },
};

/** Whether the program wants the container to be running all the time. */
export function shouldRun(inputs: Props): boolean {
  return inputs["start"] === true && inputs["mustRun"] === true && inputs["attach"] !== true;
}

/** Makes and starts a container. When anything fails nothing of it stays; one that can't be removed then has a `problem`. */
async function make(client: Docker, context: Context, inputs: Props): Promise<{ id: string; problem?: Error }> {
  const name = textOf(inputs, "name");
  let made: Docker.Container | undefined;
  try {
    made = await client.createContainer(containerSpec(inputs));
    await connect(client, made.id, inputs);
    const archive = await uploadArchive(inputs["uploads"]);
    if (archive !== undefined) {
      await made.putArchive(archive, { path: "/" });
    }
    if (inputs["start"] === true) {
      await made.start();
    }
    return { id: made.id };
  } catch (error) {
    const problem = explain(`container ${name} cannot be made`, error, context.provider);
    const left = made !== undefined && (await made.remove({ force: true, v: true }).then(() => false, (failure: unknown) => statusOf(failure) !== 404));
    if (made !== undefined && left) {
      return { id: made.id, problem };
    }
    throw problem;
  }
}

async function connect(client: Docker, id: string, inputs: Props): Promise<void> {
  const networks = objects(inputs["networksAdvanced"]);
  if (networks.length > 0 && inputs["networkMode"] === "bridge") {
    await client.getNetwork("bridge").disconnect({ Container: id, Force: false });
  }
  for (const item of networks) {
    const address = text(item["ipv4Address"]);
    await client.getNetwork(textOf(item, "name")).connect({
      Container: id,
      EndpointConfig: { Aliases: texts(item["aliases"]) ?? [], ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }) },
    });
  }
}

/** What a job printed; and where it did not end within `limit` seconds, and was stopped, why. */
async function runToEnd(client: Docker, id: string, inputs: Props, limit: number | undefined): Promise<{ outputs?: Props; problem?: string }> {
  const ended = client.getContainer(id).wait();
  if (limit !== undefined && (await Promise.race([ended, alarm(limit)])) === "late") return { problem: await stopLate(client, id, limit) };
  await ended;
  return inputs["logs"] === true ? { outputs: { containerLogs: await containerLogs(client, id) } } : {};
}

/** The timer keeps no program alive. */
function alarm(seconds: number): Promise<"late"> {
  return delay(Math.min(seconds * 1000, 2 ** 31 - 1), "late" as const, { ref: false });
}

/** Stops with the grace that the old state has, then removes. A container that is gone already is no error. */
async function remove(context: Context, id: string, inputs: Props): Promise<void> {
  const handle = dockerClient(context.provider).getContainer(id);
  try {
    if (inputs["attach"] !== true) {
      await handle.stop({ t: number(inputs["destroyGraceSeconds"]) ?? 0 }).catch(unlessStatus(304, 404));
    }
    await handle.remove({ force: true, v: inputs["removeVolumes"] !== false }).catch(unlessStatus(404, 409));
  } catch (error) {
    throw explain(`container ${textOf(inputs, "name")} cannot be removed`, error, context.provider);
  }
}

function waitSeconds(inputs: Props): number {
  return number(inputs["waitTimeout"]) ?? DEFAULT_WAIT_SECONDS;
}

