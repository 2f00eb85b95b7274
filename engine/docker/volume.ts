import type { VolumeInspectInfo } from "dockerode";
import { halfMade, type ResourceType } from "../provider.ts";
import { checkNamed, diffInputs } from "../schema.ts";
import { textOf, type Props } from "../../pulumi/values.ts";
import { statusOf, unlessStatus } from "../../docker/errors.ts";
import { dockerClient, explain } from "./host.ts";
import { volumeSchema } from "./schema.ts";
import { strings, text } from "../../pulumi/inputs.ts";
import { labels } from "./spec.ts";

/** docker.Volume. Making one whose name exists adopts it, as Docker itself does. */
export const volume: ResourceType = {
  deleteBeforeReplace: false,
  meta: '{"schema_version":"1"}',
  secretOutputs: [],
  check: (name, inputs, old) => checkNamed("docker.Volume", volumeSchema, name, inputs, old),
  diff: (old, inputs) => diffInputs(volumeSchema, old.inputs, inputs),

  async create(context, inputs) {
    const name = textOf(inputs, "name");
    try {
      const driverOptions = strings(inputs["driverOpts"]);
      const made = await dockerClient(context.provider).createVolume({
        Name: name,
        Labels: labels(inputs["labels"]),
        Driver: text(inputs["driver"]) ?? "local",
        ...(driverOptions === undefined ? {} : { DriverOpts: driverOptions }),
      });
      return await made.inspect().then(
        (found) => ({ id: name, outputs: outputs(found, inputs) }),
        (error: unknown) => halfMade(`volume ${name}`, name, inputs, error),
      );
    } catch (error) {
      throw explain(`volume ${name} cannot be made`, error, context.provider);
    }
  },

  /** Nothing of it changes in place: what is due is a look at one that could not be looked at when it was made. */
  async update(context, old, inputs) {
    const found = await dockerClient(context.provider).getVolume(old.id).inspect();
    return { id: old.id, outputs: outputs(found, inputs) };
  },

  async delete(context, old) {
    try {
      await dockerClient(context.provider).getVolume(old.id).remove();
    } catch (error) {
      if (statusOf(error) !== 404) {
        throw explain(`volume ${old.id} cannot be removed`, error, context.provider);
      }
    }
  },

  async read(context, old) {
    try {
      const found = await dockerClient(context.provider).getVolume(old.id).inspect();
      return { ...old, outputs: outputs(found, old.inputs) };
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw explain(`volume ${old.id}`, error, context.provider);
    }
  },

  /** Only a volume with an automatic name: nobody else can have put anything into it yet. */
  async sweep(context, inputs, since) {
    const defaults = inputs["__defaults"];
    if (!Array.isArray(defaults) || !defaults.includes("name")) {
      return;
    }
    const handle = dockerClient(context.provider).getVolume(textOf(inputs, "name"));
    const found: (VolumeInspectInfo & { CreatedAt?: string }) | undefined = await handle.inspect().catch(unlessStatus(404));
    if (found !== undefined && new Date(found.CreatedAt ?? 0) >= since) {
      await handle.remove();
      context.note(`removed volume ${found.Name}, which an interrupted run had begun to make`);
    }
  },
};

/** Labels as they are read back: one that was there already has its own. */
function outputs(found: VolumeInspectInfo, inputs: Props): Props {
  const has = Object.entries((found.Labels as Record<string, string> | null) ?? {}).map(([label, value]) => ({ label, value }));
  return { ...inputs, labels: has.toSorted((a, b) => (a.label < b.label ? -1 : 1)), id: found.Name, name: found.Name, driver: found.Driver, mountpoint: found.Mountpoint };
}
