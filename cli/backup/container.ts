import { randomBytes } from "node:crypto";
import { addAbortListener } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import type Dockerode from "dockerode";
import { labels, stackContainers } from "../../docker/labels.ts";
import { demultiplex } from "../../docker/frames.ts";
import { messageOf, OpsError } from "../exit.ts";
import { copyOf } from "../../docker/one-off.ts";

export type Mount = Dockerode.MountSettings;

/** Where the server's data is mounted, and the directory in it, in every container that works with it. */
export const dataMount = "/var/lib/postgresql/data";
export const dataDirectory = `${dataMount}/17`;

/** The containers of a stack that backups and restores are copied from. */
export interface BackupParts {
  stack: string;
  /** The server, running or not. */
  server: Dockerode.ContainerInspectInfo;
  /**
   * The container of the differential backups, which mounts all that backups and restores need. The server itself where the
   * schedules are not there, as on a new host whose database is still to be restored: it mounts as much.
   */
  backup: Dockerode.ContainerInspectInfo;
  /** The container of the restore drills, which mounts what these need alone; likewise. */
  drill: Dockerode.ContainerInspectInfo;
  /** Start of every fixed name of the stack on its host, for example `berth-dev`. */
  prefix: string;
}

/** What there is of a stack without backups too. */
export type ServerParts = Pick<BackupParts, "stack" | "server" | "prefix">;

/** @throws OpsError where the stack has no server. */
export async function serverParts(docker: Dockerode, stack: string): Promise<ServerParts> {
  const server = await partOf(docker, stack, "postgres", `stack "${stack}" has no Postgres server: ./berth up -s ${stack}`);
  const data = server.Mounts.find(({ Destination }) => Destination === dataMount)?.Name ?? "";
  return { stack, server, prefix: data.replace(/-postgres-data$/, "") };
}

/** @throws OpsError where the stack has no server, or no backups. */
export async function backupParts(docker: Dockerode, stack: string): Promise<BackupParts> {
  const parts = await serverParts(docker, stack);
  const missing = `stack "${stack}" has no backups: set berth:postgres.backup in Pulumi.${stack}.yaml, for example { target: volume }, then ./berth up -s ${stack}`;
  const [backup, drill] = await Promise.all(["differential", "drill"].map((kind) => findPart(docker, stack, `schedule-backup-${kind}`)));
  const archives = parts.server.Config.Env.some((entry) => entry.startsWith("PGBACKREST_CONFIG="));
  if (backup === undefined && !archives) throw new OpsError(missing);
  return { ...parts, backup: backup ?? parts.server, drill: drill ?? parts.server };
}

async function partOf(docker: Dockerode, stack: string, role: string, missing: string): Promise<Dockerode.ContainerInspectInfo> {
  const found = await findPart(docker, stack, role);
  if (found === undefined) throw new OpsError(missing);
  return found;
}

/** The newest container of a role; undefined where there is none. */
export async function findPart(docker: Dockerode, stack: string, role: string): Promise<Dockerode.ContainerInspectInfo | undefined> {
  const found = (await stackContainers(docker, stack)).findLast(({ Labels }) => Labels[labels.role] === role);
  return found === undefined ? undefined : docker.getContainer(found.Id).inspect();
}

export interface Once {
  stack: string;
  command: string[];
  /** @default those of the container that it is like */
  mounts?: Mount[];
  /** Whether it needs the network of the container that it is like, for a bucket. @default false */
  network?: boolean;
  /** Directories in memory beyond its own, path to options. @default none */
  tmpfs?: Record<string, string>;
  /** Variables beyond its own. @default none */
  env?: string[];
  /** Each line that it prints. @default none */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export interface Ended {
  code: number;
  /** Standard output, whole. */
  stdout: string;
  /** Standard error, whole. */
  stderr: string;
  /** Both channels, whole. A line of one may stand before an older one of the other. */
  output: string;
}

/** The last line, by which a command says how it ended: of a failure on standard error, where there is any. */
export function lastLine({ code, stdout, stderr }: Pick<Ended, "code" | "stdout" | "stderr">): string {
  const said = code === 0 || stderr.trim() === "" ? stdout : stderr;
  return said.trimEnd().split("\n").at(-1) ?? "";
}

/**
 * Runs a command in a new container that is like another one, hardened as that is, and removes it.
 *
 * @throws OpsError where it does not start.
 */
export async function runOnce(docker: Dockerode, like: Dockerode.ContainerInspectInfo, options: Once): Promise<Ended> {
  const container = await createLike(docker, like, { ...options, name: `${options.stack}-backup-run-${randomBytes(4).toString("hex").slice(0, 7)}` });
  const stop = () => void container.stop().catch(() => undefined); // it has ended by itself
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const ended: Ended = { code: 0, stdout: "", stderr: "", output: "" };
    const read = lines(ended, options.onLine);
    const printed = demultiplex(stream as Duplex, read.stdout, read.stderr);
    await container.start();
    using _ = options.signal && addAbortListener(options.signal, stop);
    const [{ StatusCode }] = await Promise.all([container.wait() as Promise<{ StatusCode: number }>, printed]);
    read.flush();
    return { ...ended, code: StatusCode };
  } catch (error) {
    throw new OpsError(`${options.command.join(" ")} did not run in a container like ${like.Name.slice(1)}: ${messageOf(error)}`);
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
  }
}

/** A container like another one, with the mounts, the command and the name that are given, not started. */
export async function createLike(
  docker: Dockerode,
  like: Dockerode.ContainerInspectInfo,
  { stack, command, mounts = mountsOf(like), network = false, tmpfs = {}, env = [], name }: Once & { name: string },
): Promise<Dockerode.Container> {
  const copied = copyOf(like, { stack, app: like.Config.Labels[labels.app] ?? "postgres", command }, false);
  const backup = Object.keys(like.NetworkSettings.Networks).find((name) => /-(backup|snapshots)$/.test(name));
  return docker.createContainer({
    ...copied,
    name,
    Env: [...(copied.Env ?? []), ...env],
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    HostConfig: {
      ...copied.HostConfig,
      Binds: [],
      Mounts: mounts,
      Tmpfs: { ...copied.HostConfig?.Tmpfs, ...tmpfs },
      AutoRemove: false,
      NetworkMode: network && backup !== undefined ? backup : "none",
    },
  });
}

/** The volumes of a container, as they are given to another one. */
export function mountsOf({ Mounts }: Pick<Dockerode.ContainerInspectInfo, "Mounts">): Mount[] {
  return Mounts.map(({ Name, Source, Destination, RW }) => ({ Type: "volume", Source: Name ?? Source, Target: Destination, ReadOnly: !RW }));
}

/** Two streams that are kept whole, and handed on line by line. */
function lines(ended: Ended, onLine: (line: string) => void = () => undefined) {
  const rests = new Map<PassThrough, string>();
  const sink = (keep: (text: string) => void) => {
    const stream = new PassThrough();
    rests.set(stream, "");
    stream.setEncoding("utf8").on("data", (text: string) => {
      keep(text);
      ended.output += text;
      const parts = ((rests.get(stream) ?? "") + text).split("\n");
      rests.set(stream, parts.pop() ?? "");
      parts.forEach(onLine);
    });
    return stream;
  };
  const stdout = sink((text) => (ended.stdout += text));
  const stderr = sink((text) => (ended.stderr += text));
  const flush = () => {
    for (const rest of rests.values()) if (rest !== "") onLine(rest);
  };
  return { stdout, stderr, flush };
}
