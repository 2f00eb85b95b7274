import { z } from "zod";
import { group, memory } from "./values.ts";

const policies = ["noeviction", "allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu", "volatile-ttl"] as const;

export const redis = group({
  memory: memory(32).default("128MiB").describe("Memory of the container; three quarters of it, and all but 16 MiB at most, hold data."),
  policy: z
    .enum(policies, `one of ${policies.join(", ")}`)
    .default("noeviction")
    .describe("What happens when Redis is full."),
}).prefault({});
