import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "./docker.ts";
import { hubName } from "./images.ts";

/** The local registry that holds the stand-ins, and that an engine started by Berth asks before Docker Hub. */
export const mirror = { container: "berth-mirror", volume: "berth-mirror", address: "127.0.0.1:5000", url: "http://127.0.0.1:5000" } as const;

const config = `version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/registry}, cache: {blobdescriptor: inmemory}}
http: {addr: ":5000"}
`;

/** True when the engine is on this machine and asks the mirror for Docker Hub's images. */
export async function engineUsesMirror(): Promise<boolean> {
  const host = process.env["DOCKER_HOST"] ?? (await docker(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]));
  if (!host.startsWith("unix://")) return false;
  const mirrors = JSON.parse(await docker(["info", "--format", "{{json .RegistryConfig.Mirrors}}"])) as string[] | null;
  return (mirrors ?? []).some((url) => url.replace(/\/$/, "") === mirror.url);
}

/** True when the mirror answers, after a start where it was stopped. */
export async function resumeMirror(): Promise<boolean> {
  if (await answers()) return true;
  return await docker(["start", mirror.container]).then(answersSoon, () => false);
}

/** Starts the mirror from the registry image that the engine already has, unless it answers. Throws when it does not answer in 20 s. */
export async function startMirror(registryImage: string): Promise<"running" | "started"> {
  if (await answers()) return "running";
  await docker(["rm", "--force", mirror.container]);
  await docker([
    "run", "--detach", "--name", mirror.container, "--restart", "always", "--label", "berth.role=mirror",
    "--volume", `${mirror.volume}:/var/lib/registry`, "--publish", `${mirror.address}:5000`,
    "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "256m",
    "--env", `CONFIG=${config}`, "--entrypoint", "/bin/sh", registryImage,
    "-c", 'printf %s "$CONFIG" > /tmp/config.yml && exec /bin/registry serve /tmp/config.yml',
  ]);
  if (await answersSoon()) return "started";
  const log = await docker(["logs", "--tail", "20", mirror.container]).catch(() => "");
  throw new Error(`${mirror.container} does not answer on ${mirror.url} after 20 s\n${log}`);
}

/** The recipe hash that the mirror's copy carries; undefined where it has none, or no such image. */
export async function hashInMirror(reference: string): Promise<string | undefined> {
  const { repository, tag } = hubName(reference);
  const get = async (path: string): Promise<unknown> => {
    const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
    const response = await fetch(`${mirror.url}/v2/${repository}/${path}`, { headers: { accept }, signal: AbortSignal.timeout(2000) });
    return response.ok ? await response.json() : undefined;
  };
  try {
    const manifest = (await get(`manifests/${tag}`)) as { config?: { digest: string } } | undefined;
    if (manifest?.config === undefined) return undefined;
    const image = (await get(`blobs/${manifest.config.digest}`)) as { config?: { Labels?: Record<string, string> | null } } | undefined;
    return image?.config?.Labels?.["berth.standin"];
  } catch {
    return undefined; // no mirror, no copy
  }
}

async function answers(): Promise<boolean> {
  return await fetch(`${mirror.url}/v2/`, { signal: AbortSignal.timeout(1000) }).then((response) => response.ok, () => false);
}

async function answersSoon(): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < 20_000; await sleep(100)) if (await answers()) return true;
  return false;
}
