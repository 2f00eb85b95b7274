import { z } from "zod";
import { backup } from "./backup.ts";
import { cpus, group, memory, whole } from "./values.ts";

export const postgres = group({
  memory: memory(128).default("512MiB"),
  cpus: cpus.default(1),
  connections: whole(10, 1000).default(100).describe("Greatest number of connections at the same time."),
  temporaryFiles: memory(16).default("1GiB").describe("Temporary files that each connection of an application may fill, for sorts and indexes that do not fit into memory."),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], "a number, true or false, or text such as 16MB"), "settings of Postgres, name: value, indented below it")
    .optional()
    .describe("Further settings of Postgres by name, for example work_mem: 16MB; none that Berth sets itself."),
  backup: backup.optional(),
}).prefault({});
