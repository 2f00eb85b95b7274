import { sizedParts, type SizedPart } from "../../components/docker/sizes.ts";
import { cpus, group, memory } from "./values.ts";

/** A part's size where the stack file says none, in the words of its description, and the least memory that it runs in. */
const size = (part: SizedPart) => {
  const { memory: usual, cpus: cores, least } = sizedParts[part];
  return group({
    memory: memory(least).optional().describe(`Memory of its container. Default: ${usual}MiB.`),
    cpus: cpus.optional().describe(`Processor cores of its container. Default: ${cores}.`),
  }).optional();
};

export const sizes = group(Object.fromEntries((Object.keys(sizedParts) as SizedPart[]).map((part) => [part, size(part)])) as Record<SizedPart, ReturnType<typeof size>>)
  .prefault({})
  .describe("Memory and processor cores of the platform's parts. Those of Postgres and Redis are theirs; those of applications too.");
