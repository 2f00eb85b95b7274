import type Docker from "dockerode";
import type { Context, Made, ResourceType } from "../provider.ts";
import { checkInputs, diffInputs } from "../schema.ts";
import { textOf, type Props } from "../../pulumi/values.ts";
import { statusOf } from "../../docker/errors.ts";
import { registryOf } from "../../docker/login.ts";
import { dockerClient, explain, loginFor } from "./host.ts";
import { imageSchema } from "./schema.ts";

const pulls = new Map<string, Promise<void>>();

/** docker.RemoteImage: an image that is on the engine, pulled when it is not. */
export const remoteImage: ResourceType = {
  deleteBeforeReplace: false,
  secretOutputs: [],
  check: (_name, inputs) => checkInputs("docker.RemoteImage", imageSchema, inputs),
  diff: (old, inputs) => diffInputs(imageSchema, old.inputs, inputs),
  create: pullAndRead,
  update: (context, _old, inputs) => pullAndRead(context, inputs),

  async delete(context, old) {
    if (old.inputs["keepLocally"] === true) {
      return;
    }
    const image = dockerClient(context.provider).getImage(textOf(old.inputs, "name"));
    await image.remove({ force: old.inputs["forceRemove"] === true }).catch((error: unknown) => {
      if (statusOf(error) !== 404) {
        throw explain(`image ${textOf(old.inputs, "name")} cannot be removed`, error, context.provider);
      }
    });
  },

  async read(context, old) {
    const outputs = await readImage(dockerClient(context.provider), old.inputs);
    return outputs && { ...old, id: identity(outputs), outputs };
  },
};

async function pullAndRead(context: Context, inputs: Props): Promise<Made> {
  await ensureImage(context, textOf(inputs, "name"));
  const outputs = await readImage(dockerClient(context.provider), inputs);
  if (outputs === undefined) {
    throw new Error(`image ${textOf(inputs, "name")} was pulled, but the engine does not list it`);
  }
  return { id: identity(outputs), outputs };
}

function identity(outputs: Props): string {
  return `${textOf(outputs, "imageId")}${textOf(outputs, "name")}`;
}

async function readImage(client: Docker, inputs: Props): Promise<Props | undefined> {
  const name = textOf(inputs, "name");
  try {
    const found = await client.getImage(name).inspect();
    return { ...inputs, imageId: found.Id, repoDigest: repoDigest(name, found.RepoDigests ?? []) };
  } catch (error) {
    if (statusOf(error) === 404) {
      return undefined;
    }
    throw error;
  }
}

/** The digest of the repository that `name` is from, or else the first one. */
export function repoDigest(name: string, digests: readonly string[]): string {
  const repository = (name.split("@")[0] ?? "").replace(/:[^:/]+$/, "");
  return digests.find((digest) => digest.startsWith(`${repository}@`)) ?? digests[0] ?? "";
}

/** Pulls the image unless the engine has it. Pulls of the same image at the same time are one. */
export async function ensureImage(context: Context, name: string): Promise<void> {
  const client = dockerClient(context.provider);
  try {
    await client.getImage(name).inspect();
    return;
  } catch (error) {
    if (statusOf(error) !== 404) {
      throw explain(`image ${name}`, error, context.provider);
    }
  }
  let pull = pulls.get(name);
  if (pull === undefined) {
    pull = pullImage(client, context, name).finally(() => pulls.delete(name));
    pulls.set(name, pull);
  }
  await pull;
}

async function pullImage(client: Docker, context: Context, name: string): Promise<void> {
  const login = await loginFor(name, context.provider);
  const authconfig = login && { username: login.username, password: login.password, serveraddress: registryOf(name) };
  const known = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
  try {
    const stream = await client.pull(known, authconfig === undefined ? {} : { authconfig });
    await new Promise<void>((resolve, reject) => {
      client.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    throw explain(`image ${name} cannot be pulled from ${registryOf(name)}`, error, context.provider);
  }
}
