import type { DockerfileText } from "./dockerfile.ts";

/** Where a value of an image comes from. */
export interface Origin {
  /** The base image, in words. */
  base: string;
  /** ` (line 12 of the Dockerfile)`, or ` of debian:trixie-slim`. */
  of: (instruction: string) => string;
}

export function originOf({ base, lines }: DockerfileText): Origin {
  const named = base === "" ? "its base image" : base;
  return { base: named, of: (instruction) => (lines[instruction] === undefined ? ` of ${named}` : ` (line ${lines[instruction]} of the Dockerfile)`) };
}
