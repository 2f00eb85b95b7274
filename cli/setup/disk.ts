import { statfsSync } from "node:fs";
import { size } from "../table.ts";
import { SetupError } from "./error.ts";

/** Free space that a first `up` needs: images, the build's layers and data. */
export const neededBytes = 2 * 2 ** 30;

export interface Space {
  folder: string;
  free: number;
}

/** Free space of the file systems of these folders; one that this machine doesn't have is left out. */
export function freeSpace(folders: string[]): Space[] {
  return folders.flatMap((folder) => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return [{ folder, free: bavail * bsize }];
    } catch {
      return [];
    }
  });
}

/** @throws SetupError naming each folder with too little space, before anything is made. */
export function requireSpace(folders: string[], needed = neededBytes): string {
  const spaces = freeSpace(folders);
  const full = spaces.filter(({ free }) => free < needed);
  if (full.length > 0) {
    const list = full.map(({ folder, free }) => `${folder} has ${size(free)} free`).join(", ");
    throw new SetupError(`the disk is full: ${list}, but ${size(needed)} are needed; make room (docker system df shows what Docker holds) and run this again`);
  }
  return spaces.map(({ folder, free }) => `${size(free)} free at ${folder}`).join(", ");
}
