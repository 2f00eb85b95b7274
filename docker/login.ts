import { cp, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** A login to a registry. `address` is a host, with or without a scheme. */
export interface Login {
  address: string;
  username: string;
  password: string;
}

/** The registry that an image reference names; Docker Hub when it names none. */
export function registryOf(image: string): string {
  const [first = ""] = image.split("/");
  const named = image.includes("/") && (first.includes(".") || first.includes(":") || first === "localhost");
  return named ? first : "docker.io";
}

/** The host of a registry address: no scheme, no path; Docker Hub's old index is `docker.io`. */
export function bareHost(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/")[0] ?? "";
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** The login for a registry that `docker login` stored in plain, if there is one. */
export async function storedLogin(registry: string): Promise<Login | undefined> {
  const text = await readFile(join(dockerFolder(), "config.json"), "utf8").catch(() => "{}");
  const { auths = {} } = JSON.parse(text) as { auths?: Record<string, { auth?: string }> };
  const auth = Object.entries(auths).find(([address]) => bareHost(address) === registry)?.[1].auth;
  if (!auth) {
    return undefined;
  }
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const at = decoded.indexOf(":");
  return { address: registry, username: decoded.slice(0, at), password: decoded.slice(at + 1) };
}

/**
 * A Docker configuration in `folder`, so that a login never lands in the user's, which it is like in all else.
 *
 * @returns The environment in which `docker` uses it.
 */
export async function loggedIn(folder: string, environment: NodeJS.ProcessEnv, logins: readonly Login[]): Promise<NodeJS.ProcessEnv> {
  const own = JSON.parse(await readFile(join(dockerFolder(), "config.json"), "utf8").catch(() => "{}")) as { auths?: Record<string, object>; credsStore?: string; credHelpers?: Record<string, string> };
  const auths = logins.map(({ address, username, password }) => {
    const host = bareHost(address);
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    return [host === "docker.io" ? "https://index.docker.io/v1/" : host, { auth }] as const;
  });
  // A store holds the logins of all registries, and goes before those that are written here: it is asked for the others alone.
  const mine = new Set(logins.map(({ address }) => bareHost(address)));
  const stored = own.credsStore === undefined ? [] : Object.keys(own.auths ?? {}).map((registry) => [registry, own.credsStore] as const);
  const credHelpers = Object.fromEntries([...stored, ...Object.entries(own.credHelpers ?? {})].filter(([registry]) => !mine.has(bareHost(registry))));
  delete own.credsStore;
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...own, credHelpers, auths: { ...own.auths, ...Object.fromEntries(auths) } }), { mode: 0o600 });
  for (const kept of ["contexts", "cli-plugins"]) {
    await cp(join(dockerFolder(), kept), join(folder, kept), { recursive: true }).catch(() => undefined);
  }
  return { ...environment, DOCKER_CONFIG: folder, BUILDX_CONFIG: join(dockerFolder(), "buildx") };
}

function dockerFolder(): string {
  return process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker");
}
