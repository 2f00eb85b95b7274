import { backup } from "./backup.ts";
import { cpus, group, memory, whole } from "./values.ts";

export const postgres = group({
  memory: memory(128).default("512MiB"),
  cpus: cpus.default(1),
  connections: whole(10, 1000).default(100).describe("Greatest number of connections at the same time."),
  temporaryFiles: memory(16).default("1GiB").describe("Temporary files that each connection of an application may fill, for sorts and indexes that do not fit into memory."),
  backup: backup.optional(),
}).prefault({});
