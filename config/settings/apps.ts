import { z } from "zod";
import { builtImage, cpus, group, hostname, memory, text, whole, yesOrNo } from "./values.ts";

/** Name of an application, by which its parts, its database and its address are named. */
export const appName = text(/^[a-z][a-z0-9-]{0,29}$/, "a folder of apps/: small letters, digits and -, a letter first, at most 30");

const app = group({
  folder: text(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/, "a folder below apps/, for example shop or services/node")
    .optional()
    .describe("Folder under apps/ with its app.ts. Default: its name."),
  image: builtImage("ghcr.io/acme/shop")
    .optional()
    .describe("Image that runs, by digest, as promote and rollback write it; then none is built. Default: built from the folder."),
  revision: text(/^[0-9a-f]{40}$/, "the commit that `image` was built from, in full: 40 hexadecimal digits").optional().describe("Commit that `image` was built from, for previews and releases."),
  replicas: whole(1, 64).optional().describe("Containers that serve at the same time. Default: the folder's, or 1."),
  memory: memory(6).optional().describe("Memory of each container. Default: the folder's, or 256MiB."),
  cpus: cpus.optional().describe("Processor cores of each container. Default: the folder's, or 0.5."),
  connections: whole(1, 1000).optional().describe("Connections to Postgres that all its containers together may have. Default: half of what berth:postgres.connections leaves to applications."),
  live: yesOrNo.optional().describe("Run from the source on this machine, and restart when a file changes; where berth:environment is dev only."),
  host: hostname.optional().describe("Host name of its route. Default: <name>.<berth:domain>."),
  env: z
    .record(
      text(/^[A-Z_][A-Z0-9_]*$/, "a variable name: capitals, digits and _"),
      z.string("a string; write numbers and booleans in quotes"),
      "variables, NAME: value, indented below it",
    )
    .default({})
    .describe("Environment beyond what the application's folder sets. Never a secret."),
});

export const apps = z
  .record(appName, app.prefault({}), "the applications' names, indented below it")
  .default({})
  .describe("The applications that run, by the name of their folder under apps/.");
