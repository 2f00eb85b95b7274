import type { NetworkInspectInfo } from "dockerode";
import { halfMade, type Context, type ResourceType } from "../provider.ts";
import { checkNamed, diffInputs } from "../schema.ts";
import { textOf, type Props } from "../../pulumi/values.ts";
import { statusOf, unlessStatus } from "../../docker/errors.ts";
import { dockerClient, explain } from "./host.ts";
import { networkSchema } from "./schema.ts";
import { objects, strings, text } from "../../pulumi/inputs.ts";
import { labels } from "./spec.ts";

/** docker.Network. */
export const network: ResourceType = {
  deleteBeforeReplace: false,
  meta: '{"schema_version":"1"}',
  secretOutputs: [],
  check: (name, inputs, old) => checkNamed("docker.Network", networkSchema, name, inputs, old),
  diff: (old, inputs) => diffInputs(networkSchema, old.inputs, inputs),

  async create(context, inputs) {
    const name = textOf(inputs, "name");
    const client = dockerClient(context.provider);
    try {
      const [taken] = (await client.listNetworks({ filters: { name: [name] } })).filter((found) => found.Name === name);
      if (taken !== undefined) {
        throw new Error(`a network of this name exists (${taken.Id.slice(0, 12)}); remove it or choose another name`);
      }
      const made = await client.createNetwork({
        Name: name,
        Driver: text(inputs["driver"]) ?? "bridge",
        Internal: inputs["internal"] === true,
        Attachable: inputs["attachable"] === true,
        EnableIPv6: inputs["ipv6"] === true,
        Labels: labels(inputs["labels"]),
        Options: strings(inputs["options"]) ?? {},
        IPAM: { Driver: text(inputs["ipamDriver"]) ?? "default", Config: objects(inputs["ipamConfigs"]).map(ipamConfig) },
      });
      return await made.inspect().then(
        (found) => ({ id: made.id, outputs: outputs(found, inputs) }),
        (error: unknown) => halfMade(`network ${name}`, made.id, inputs, error),
      );
    } catch (error) {
      throw explain(`network ${name} cannot be made`, error, context.provider);
    }
  },

  /** Nothing of it changes in place: what is due is a look at one that could not be looked at when it was made. */
  async update(context, old, inputs) {
    const found = await dockerClient(context.provider).getNetwork(old.id).inspect();
    return { id: old.id, outputs: outputs(found, inputs) };
  },

  delete: (context, old) => removeNetwork(context, old.id),

  async read(context, old) {
    try {
      const found = await dockerClient(context.provider).getNetwork(old.id).inspect();
      return { ...old, outputs: outputs(found, old.inputs) };
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw explain(`network ${old.id}`, error, context.provider);
    }
  },

  async sweep(context, inputs, since) {
    const found = await dockerClient(context.provider)
      .getNetwork(textOf(inputs, "name"))
      .inspect()
      .catch(unlessStatus(404));
    if (found !== undefined && new Date(found.Created) >= since) {
      await removeNetwork(context, found.Id);
      context.note(`removed network ${found.Name}, which an interrupted run had begun to make`);
    }
  },
};

async function removeNetwork(context: Context, id: string): Promise<void> {
  await dockerClient(context.provider)
    .getNetwork(id)
    .remove()
    .catch((error: unknown) => {
      if (statusOf(error) !== 404) {
        throw explain(`network ${id.slice(0, 12)} cannot be removed`, error, context.provider);
      }
    });
}

function ipamConfig(item: Props): Record<string, string> {
  const entries = { Subnet: text(item["subnet"]), Gateway: text(item["gateway"]), IPRange: text(item["ipRange"]) };
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function outputs(found: NetworkInspectInfo, inputs: Props): Props {
  return {
    labels: [],
    ...inputs,
    id: found.Id,
    name: found.Name,
    driver: found.Driver,
    internal: found.Internal,
    attachable: found.Attachable,
    ipamDriver: found.IPAM?.Driver ?? "default",
    ipamConfigs: (found.IPAM?.Config ?? []).map((item) => ({
      subnet: item["Subnet"] ?? "",
      gateway: item["Gateway"] ?? "",
      ipRange: item["IPRange"] ?? "",
    })),
    ingress: found.Ingress,
    ipv6: found.EnableIPv6,
    options: found.Options ?? {},
    scope: found.Scope,
  };
}
