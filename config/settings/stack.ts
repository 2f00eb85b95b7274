import { z } from "zod";
import { hostname, text } from "./values.ts";

/** What concerns a stack as a whole. */

export const docker = text(/^(unix:\/\/\/|ssh:\/\/).+$/, "a Docker host: unix:///path/to/docker.sock or ssh://user@host")
  .optional()
  .describe("The Docker Engine that runs the stack. Default: DOCKER_HOST, or unix:///var/run/docker.sock.");

export const environment = z
  .enum(["dev", "prod"], 'either "dev" or "prod"')
  .default("prod")
  .describe("What is for people who write code (berth:developer, `live` applications) is refused in prod.");

export const runtime = z
  .enum(["docker", "swarm"], 'either "docker" or "swarm"')
  .default("docker")
  .describe("Web servers and workers run as containers of one Docker host, or as services of the swarm that it manages.");

export const builds = z
  .enum(["careful", "quick"], 'either "careful" or "quick"')
  .default("careful")
  .describe("Images are built as they are for production, or quicker where an application's app.ts says how (quickArgs); only with berth:environment dev and a registry of the stack's own. A quick one is never promoted.");

export const domain = hostname.default("localhost").describe("Applications answer at <name>.<domain>.");

export const secrets = z
  .enum(["require", "generate"], 'either "require" or "generate"')
  .default("require")
  .describe("A secret of an application that is not set stops the preview, or is generated once.");
