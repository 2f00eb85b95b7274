import { statSync } from "node:fs";
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "./definition.ts";
import type { Platform } from "../docker/platform.ts";
import { Volume } from "../docker/volume.ts";

/** A definition that runs from the mounted source instead of the image's own programs. @throws Error without `live` */
export function liveDefinition(definition: AppDefinition): AppDefinition {
  const { live, web, worker, workers } = definition;
  if (live === undefined) throw new Error("its app.ts has no `live`");
  return {
    ...definition,
    target: live.target,
    // The image's own health program is not there.
    ...(web !== undefined && { web: { ...web, command: live.command, port: live.port ?? web.port, health: { path: web.health.path, wait: 600 } } }),
    ...(web === undefined && worker !== undefined && { worker: { ...worker, command: live.command } }),
    ...(workers !== undefined && { workers: Object.fromEntries(Object.entries(workers).map(([name, each]) => [name, { ...each, ...(live.workers?.[name] !== undefined && { command: live.workers[name] }) }])) }),
    ...(definition.jobs !== undefined && { jobs: { ...definition.jobs, ...live.jobs } }),
    // What it writes are files of the person whose source it is.
    user: ownerOf(definition.context),
    unprepared: { ...definition.unprepared, writableRoot: true },
  };
}

/** The mounts of the source and of the caches, which are made as children of `parent`. */
export function liveMounts(parent: pulumi.Resource, name: string, platform: Platform, definition: AppDefinition): docker.types.input.ContainerMount[] {
  const { source = "", caches = {} } = definition.live ?? {};
  const owner = ownerOf(definition.context);
  return [
    { type: "bind", source: definition.context, target: source },
    ...Object.entries(caches).map(([cache, path]) => new Volume(`${name}-cache-${cache}`, { platform, owner }, { parent }).mount(path)),
  ];
}

function ownerOf(folder: string): number {
  return statSync(folder).uid;
}
