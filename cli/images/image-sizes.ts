import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Dockerode from "dockerode";
import { OpsError } from "../exit.ts";

export interface ImageSize {
  application: string;
  /** Bytes of the unpacked layers, those of the base included. */
  size: number;
  /** Bytes. */
  limit: number;
}

/**
 * The limits of images.limits.json: by folder below apps/, in MB (a million bytes, as Docker counts); `others` is for
 * folders that are not named.
 *
 * @throws OpsError naming an entry that is no size.
 */
export function readLimits(folder: string): (appFolder: string) => number {
  const limits = JSON.parse(readFileSync(join(folder, "config/images.limits.json"), "utf8")) as Record<string, unknown>;
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit !== "string" || !/^[1-9]\d*MB$/.test(limit)) throw new OpsError(`images.limits.json: "${name}" is ${JSON.stringify(limit)}, which is no size: write it as "250MB"`);
  }
  if (limits["others"] === undefined) throw new OpsError('images.limits.json has no "others", the limit of all folders that it does not name');
  return (appFolder) => Number.parseInt(String(limits[appFolder] ?? limits["others"]), 10) * 1e6;
}

/** Size of an image that an engine has, in bytes: the sum of its layers, which both kinds of image store tell alike. */
export async function sizeOf(docker: Dockerode, reference: string): Promise<number> {
  try {
    const layers = (await docker.getImage(reference).history()) as { Size: number }[];
    return layers.reduce((total, { Size }) => total + Size, 0);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    throw new OpsError(`the Docker Engine of the stack does not have ${reference}: ./berth up pulls it`);
  }
}

/** Rows of the table: application, size, limit, and whether it holds. */
export function sizeRows(sizes: readonly ImageSize[]): string[][] {
  return sizes.map(({ application, size, limit }) => [application, megabytes(size), megabytes(limit), isTooLarge({ size, limit }) ? `${megabytes(size - limit)} too much` : "ok"]);
}

export function isTooLarge({ size, limit }: Pick<ImageSize, "size" | "limit">): boolean {
  return size > limit;
}

function megabytes(bytes: number): string {
  const number = bytes / 1e6;
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} MB`;
}
