import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { textOf, isObject, type Props, type Value } from "../values.ts";

/** A login to a registry. `address` is a host, with or without a scheme. */
export interface Login {
  address: string;
  username: string;
  password: string;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";
const clients = new Map<string, Docker>();

/** The host a provider resource names, or the environment's. */
export function dockerHost(provider: Props): string {
  const { host } = provider;
  return typeof host === "string" && host !== "" ? host : (process.env["DOCKER_HOST"] ?? DEFAULT_HOST);
}

/** The client for a provider's host; one per host. Throws for schemes other than unix, tcp and http. */
export function dockerClient(provider: Props): Docker {
  const host = dockerHost(provider);
  let client = clients.get(host);
  if (client === undefined) {
    client = connect(host);
    clients.set(host, client);
  }
  return client;
}

function connect(host: string): Docker {
  const url = new URL(host);
  if (url.protocol === "unix:") {
    return new Docker({ socketPath: url.pathname });
  }
  if (url.protocol === "tcp:" || url.protocol === "http:") {
    return new Docker({ protocol: "http", host: url.hostname, port: url.port || "2375" });
  }
  throw new Error(`docker host "${host}": the embedded engine connects by unix:// and tcp:// only; use the Pulumi CLI for other hosts`);
}

/** The logins of a provider resource. The SDK sends `registryAuth` as JSON. */
export function registryLogins(provider: Props): Login[] {
  const raw = provider["registryAuth"];
  const list = typeof raw === "string" && raw !== "" ? (JSON.parse(raw) as Value) : raw;
  return (Array.isArray(list) ? list : []).filter(isObject).map((item) => ({
    address: textOf(item, "address"),
    username: textOf(item, "username"),
    password: textOf(item, "password"),
  }));
}

/** The registry that an image reference names; Docker Hub when it names none. */
export function registryOf(image: string): string {
  const [first = ""] = image.split("/");
  const named = image.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  return named ? first : "docker.io";
}

/** The provider's login for an image, or the one that `docker login` stored in plain. */
export async function loginFor(image: string, provider: Props): Promise<Login | undefined> {
  const registry = registryOf(image);
  const found = registryLogins(provider).find((login) => bareHost(login.address) === registry);
  return found ?? (await storedLogin(registry));
}

async function storedLogin(registry: string): Promise<Login | undefined> {
  const folder = process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
  const text = await readFile(join(folder, "config.json"), "utf8").catch(() => "{}");
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> };
  const auth = Object.entries(auths).find(([address]) => bareHost(address) === registry)?.[1].auth;
  if (!auth) {
    return undefined;
  }
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const at = decoded.indexOf(":");
  return { address: registry, username: decoded.slice(0, at), password: decoded.slice(at + 1) };
}

/** The host of a registry address: no scheme, no path; Docker Hub's old index is `docker.io`. */
export function bareHost(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** The HTTP status of a Docker API error, if it is one. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | undefined)?.statusCode;
}

/** Whether the engine could not be reached at all. */
export function isUnreachable(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "EACCES"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

/** A Docker API error as one line that says what was tried. */
export function explain(what: string, error: unknown, provider: Props): Error {
  if (isUnreachable(error)) {
    return new Error(`${what}: the Docker Engine at ${dockerHost(provider)} cannot be reached; is it running, and may this user use it?`);
  }
  const message = (error as { json?: { message?: string } }).json?.message ?? (error instanceof Error ? error.message : String(error));
  return new Error(`${what}: ${message}`);
}
