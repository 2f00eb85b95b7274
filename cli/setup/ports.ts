import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import type Dockerode from "dockerode";
import type { Settings } from "../../config/settings.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { SetupError } from "./error.ts";
import { labels } from "../../components/docker/labels.ts";

export interface Endpoint {
  address: string;
  port: number;
  /** The stack file's field that sets it. */
  field: string;
}

/** What a stack publishes on its host. */
export function stackEndpoints({ publish, registry, logs }: Pick<Settings, "publish" | "registry" | "logs">): Endpoint[] {
  const endpoints = [{ address: publish.address, port: publish.http, field: "berth:publish.http" }];
  if (publish.https !== undefined) endpoints.push({ address: publish.address, port: publish.https, field: "berth:publish.https" });
  if ("port" in registry) endpoints.push({ address: "127.0.0.1", port: registry.port, field: "berth:registry.port" });
  if (logs.driver === "loki") endpoints.push({ address: "127.0.0.1", port: logs.port, field: "berth:logs.port" });
  return endpoints;
}

/**
 * Checks that nothing else listens where the stack publishes, before anything is applied.
 *
 * @throws SetupError naming port, holder, field and what to do.
 */
export async function requirePorts(docker: Dockerode, stack: string, endpoints: Endpoint[]): Promise<string> {
  const published = await docker.listContainers();
  const problems: string[] = [];
  for (const { address, port, field } of endpoints) {
    const holder = published.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
    if (holder?.Labels[labels.stack] === stack) continue;
    if (holder === undefined && ((await isFree(address, port)) || (await startsHere(docker, stack, port)))) continue;
    const name = holder === undefined ? listener(port) : `the container ${holder.Names[0]?.slice(1) ?? holder.Id.slice(0, 12)}`;
    problems.push(
      `port ${port} on ${address} (${field} of stack "${stack}") is taken by ${name}: stop it, or choose another port in Pulumi.${stack}.yaml`,
    );
  }
  if (problems.length > 0) throw new SetupError(`${problems.join("\n")}\nnothing was changed`);
  return endpoints.map(({ address, port }) => `${address}:${port}`).join(", ");
}

/** Whether a container of the stack is about to publish the port: the engine binds it before it lists it. */
async function startsHere(docker: Dockerode, stack: string, port: number): Promise<boolean> {
  for (const { Id } of await docker.listContainers({ all: true, filters: { label: [`berth.stack=${stack}`] } })) {
    const found = await docker.getContainer(Id).inspect().catch(unlessStatus(404));
    const bindings = Object.values((found?.HostConfig.PortBindings ?? {}) as Record<string, { HostPort: string }[]>).flat();
    if (bindings.some(({ HostPort }) => HostPort === String(port))) return true;
  }
  return false;
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A privileged port, or an address that is elsewhere, is for the Docker Engine to judge.
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The process that listens on a TCP port, as far as /proc tells this user. */
export function listener(port: number, proc = "/proc"): string {
  const inodes = new Set(["tcp", "tcp6"].flatMap((table) => listeningInodes(`${proc}/net/${table}`, port)));
  for (const pid of names(proc).filter((name) => /^\d+$/.test(name))) {
    const holds = names(`${proc}/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`${proc}/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
    if (holds) return `${readFileSync(`${proc}/${pid}/comm`, "utf8").trim()} (process ${pid})`;
  }
  return "another process, which /proc does not show to this user";
}

function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  try {
    return readFileSync(table, "utf8").split("\n").flatMap((line) => {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === "0A" && local.endsWith(`:${hex}`) && inode !== undefined ? [inode] : [];
    });
  } catch {
    return [];
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
