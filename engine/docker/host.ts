import type Docker from "dockerode";
import { dockerClient as clientAt, dockerHost as hostAt } from "../../docker/client.ts";
import { isUnreachable } from "../../docker/errors.ts";
import { bareHost, registryOf, storedLogin, type Login } from "../../docker/login.ts";
import { objects } from "../../pulumi/inputs.ts";
import { textOf, type Props, type Value } from "../../pulumi/values.ts";

const clients = new Map<string, Docker>();

/** The host a provider resource names, or the environment's. */
export function dockerHost({ host }: Props): string {
  return hostAt(typeof host === "string" ? host : undefined, process.env);
}

/** The client for a provider's host; one per host. Throws for schemes other than unix, tcp and http. */
export function dockerClient(provider: Props): Docker {
  const host = dockerHost(provider);
  let client = clients.get(host);
  if (client === undefined) {
    if (!/^(unix|tcp|http):\/\//.test(host)) {
      throw new Error(`docker host "${host}": the embedded engine connects by unix:// and tcp:// only; use the Pulumi CLI for other hosts`);
    }
    client = clientAt(host, process.env);
    clients.set(host, client);
  }
  return client;
}

/** The logins of a provider resource. The SDK sends `registryAuth` as JSON. */
export function registryLogins(provider: Props): Login[] {
  const raw = provider["registryAuth"];
  return loginsIn(typeof raw === "string" && raw !== "" ? (JSON.parse(raw) as Value) : raw);
}

/** Logins as providers take them: objects of `address`, `username` and `password`. */
export function loginsIn(value: Value | undefined): Login[] {
  return objects(value).map((item) => ({
    address: textOf(item, "address") || "docker.io",
    username: textOf(item, "username"),
    password: textOf(item, "password"),
  }));
}

/** The provider's login for an image, or the one that `docker login` stored in plain. */
export async function loginFor(image: string, provider: Props): Promise<Login | undefined> {
  const registry = registryOf(image);
  const found = registryLogins(provider).find((login) => bareHost(login.address) === registry);
  return found ?? (await storedLogin(registry));
}

/** A Docker API error as one line that says what was tried. */
export function explain(what: string, error: unknown, provider: Props): Error {
  if (isUnreachable(error)) {
    return new Error(`${what}: the Docker Engine at ${dockerHost(provider)} cannot be reached; is it running, and may this user use it?`);
  }
  const message = (error as { json?: { message?: string } }).json?.message ?? (error instanceof Error ? error.message : String(error));
  return new Error(`${what}: ${message}`, { cause: error });
}
