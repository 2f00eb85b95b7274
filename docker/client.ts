import { Agent } from "node:http";
import Dockerode from "dockerode";
import { NoEngineError } from "./errors.ts";
import { sshSocket } from "./ssh.ts";

/** The address of a Docker Engine: `unix://`, `tcp://` or `ssh://`; the environment's where none is named. */
export function dockerHost(host: string | undefined, environment: NodeJS.ProcessEnv): string {
  return host || environment["DOCKER_HOST"] || "unix:///var/run/docker.sock";
}

/** Requests at once over ssh, where each is a process; those that follow a log are among them. */
const mostOverSsh = 128;

/** A client of the engine at an address of `dockerHost`. */
export function dockerClient(host: string | undefined, environment: NodeJS.ProcessEnv): Dockerode {
  const address = dockerHost(host, environment);
  if (address.startsWith("unix://")) return atSocket(address.slice("unix://".length));
  if (address.startsWith("ssh://")) return atSocket(sshSocket(address, environment), new Agent({ maxSockets: mostOverSsh }));
  const { hostname, port } = new URL(address);
  return new Dockerode({ protocol: "http", host: hostname, port: port || "2375" });
}

/** What is left out would be taken from DOCKER_HOST of this process, whatever `berth:docker` says. */
function atSocket(socketPath: string, agent?: Agent): Dockerode {
  const options: Dockerode.DockerOptions & { agent?: Agent } = { socketPath, host: undefined, port: undefined, username: undefined, protocol: "http", ...(agent !== undefined && { agent }) };
  return new Dockerode(options);
}

/** @throws NoEngineError saying what to do where the engine does not answer. */
export async function requireDocker(docker: Dockerode): Promise<void> {
  try {
    await docker.ping();
  } catch (error) {
    throw new NoEngineError(`the Docker Engine does not answer (${error instanceof Error ? error.message : String(error)}): ./berth doctor says what is missing, ./berth up starts one`);
  }
}
