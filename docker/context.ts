import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DockerError } from "./errors.ts";

/**
 * The address of the engine that `docker context use` or DOCKER_CONTEXT names, as the `docker` client finds it; undefined
 * where it is the default one, or DOCKER_HOST names another, which goes before.
 *
 * @throws DockerError where the context is not there, or needs TLS.
 */
export function contextHost(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment["DOCKER_HOST"]) return undefined;
  const folder = environment["DOCKER_CONFIG"] || join(environment["HOME"] || homedir(), ".docker");
  const named = environment["DOCKER_CONTEXT"] || currentContext(join(folder, "config.json"));
  if (named === undefined || named === "" || named === "default") return undefined;
  const id = createHash("sha256").update(named).digest("hex");
  const file = join(folder, "contexts/meta", id, "meta.json");
  if (!existsSync(file)) throw new DockerError(`the docker context "${named}" is not there: docker context ls lists those that are, docker context use default goes back`);
  const meta = JSON.parse(readFileSync(file, "utf8")) as { Endpoints?: { docker?: { Host?: string } } };
  const host = meta.Endpoints?.docker?.Host;
  if (host === undefined || host === "") return undefined;
  if (host.startsWith("tcp://") && existsSync(join(folder, "contexts/tls", id))) throw new DockerError(`the docker context "${named}" is ${host} with TLS, which Berth does not speak: use ssh://user@host or a socket, docker context create`);
  return host;
}

function currentContext(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, "utf8")) as { currentContext?: string }).currentContext;
}
