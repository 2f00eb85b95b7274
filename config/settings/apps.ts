import { z } from "zod";
import { middlewares } from "./middlewares.ts";
import { addresses, builtImage, cpus, group, hostname, memory, text, whole, yesOrNo } from "./values.ts";

/** Name of an application, by which its parts, its database and its address are named. */
export const appName = text(/^[a-z][a-z0-9-]{0,29}$/, "a folder of apps/: small letters, digits and -, a letter first, at most 30");

const names = "a list of host names, each in a line of its own that begins with -";
const pathsAllowed = "a list of {host, path, strip}, each in lines of its own that begin with -";
/** What a worker is called in `workers` of an app.ts. */
export const workerName = text(/^[a-z][a-z0-9-]{0,29}$/, "a name of workers in its app.ts: small letters, digits and -, a letter first, at most 30");
const portName = text(/^[a-z][a-z0-9-]{0,29}$/, "a name of web.ports in its app.ts: small letters, digits and -, a letter first, at most 30");

/** How many containers of a worker there are, and what each may use. */
export const workerSize = group({
  replicas: whole(1, 64).optional().describe("Containers at the same time. Default: the folder's, or 1."),
  memory: memory(6).optional().describe("Memory of each of them. Default: the folder's, or that of the application."),
  cpus: cpus.optional().describe("Processor cores of each of them. Default: the folder's, or those of the application."),
});

const app = group({
  folder: text(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/, "a folder below apps/, for example shop or services/node")
    .optional()
    .describe("Folder under apps/ with its app.ts. Default: its name."),
  image: builtImage("ghcr.io/acme/shop")
    .optional()
    .describe("Image that runs, by digest, as promote and rollback write it; then none is built. Default: built from the folder."),
  revision: text(/^[0-9a-f]{40}$/, "the commit that `image` was built from, in full: 40 hexadecimal digits").optional().describe("Commit that `image` was built from, for previews and releases."),
  replicas: whole(1, 64).optional().describe("Containers that serve at the same time. Default: the folder's, or 1."),
  worker: workerSize.optional().describe("Size of the worker that its app.ts has as worker."),
  workers: z.record(workerName, workerSize, "names of workers in its app.ts, each with {replicas, memory, cpus}").optional().describe("Sizes of the workers that its app.ts names in workers."),
  memory: memory(6).optional().describe("Memory of each container. Default: the folder's, or 256MiB."),
  cpus: cpus.optional().describe("Processor cores of each container. Default: the folder's, or 0.5."),
  connections: whole(1, 1000).optional().describe("Connections to Postgres that all its containers together may have. Default: half of what berth:postgres.connections leaves to applications."),
  live: yesOrNo.optional().describe("Run from the source on this machine, and restart when a file changes; where berth:environment is dev only."),
  host: hostname.optional().describe("Host name of its route. Default: <name>.<berth:domain>."),
  hosts: z.array(hostname, names).min(1, names).optional().describe("More host names, served like `host`."),
  redirects: z.array(hostname, names).min(1, names).optional().describe("Host names whose requests are sent to `host` for good, for example www.example.com."),
  paths: z
    .array(
      group({
        host: hostname.describe("Host name, which another application may have."),
        path: text(/^(\/[A-Za-z0-9._~-]+)+$/, "a path without a slash at its end, for example /api").describe("The application gets the requests of this path and of all below it."),
        strip: yesOrNo.optional().describe("It is asked without the path, and finds it in X-Forwarded-Prefix."),
      }),
      pathsAllowed,
    )
    .min(1, pathsAllowed)
    .optional()
    .describe("Paths of host names at which it is served too."),
  ports: z
    .record(portName, hostname, "names of web.ports in its app.ts, each with a host name")
    .optional()
    .describe("Host name of each further port that its app.ts names in web.ports. Default: not served."),
  middlewares,
  maintenance: group({
    message: text(/^\P{Cc}{1,500}$/u, "text in one line, at most 500 characters").default("We are working on it, and will be back soon.").describe("What the page says."),
    retryAfter: whole(1, 86_400, " seconds").default(300).describe("Seconds after which programs are told to come again, in Retry-After."),
    allow: addresses.optional().describe("Addresses, and networks in CIDR form, whose requests get through all the same."),
  })
    .optional()
    .describe("Closed for maintenance: requests are answered 503 with a page. Default: it serves."),
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
