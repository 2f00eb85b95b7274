import { randomBytes } from "node:crypto";
import { type Duplex, PassThrough } from "node:stream";
import type Dockerode from "dockerode";
import { asideScript, asideSign, isNarrowed, keptFile, withoutServer } from "../../components/traefik/aside.ts";
import { routesDirectory } from "../../components/traefik/traefik-config.ts";
import { fileOf } from "../../docker/container-file.ts";
import { demultiplex } from "../../docker/frames.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { OpsError } from "../exit.ts";

/** A container behind Traefik, and the name of its route. */
export interface Routed {
  docker: Dockerode;
  stack: string;
  traefik: Dockerode.ContainerInfo;
  route: string;
  container: string;
}

/**
 * Does something with a container while no new request goes to it: Traefik has read a route without it before, and with
 * it again afterwards. The state knows nothing of this, and finds all as it was.
 *
 * @returns Undefined where it can't be left out, as no other serves the route, with nothing done.
 */
export async function aside(routed: Routed, work: () => Promise<void>): Promise<true | undefined> {
  const { docker, stack, traefik, route, container } = routed;
  const file = `route-${route}.yml`;
  await others(docker, stack);
  const found = await fileOf(docker, traefik.Id, `${routesDirectory}/${file}`);
  const text = found !== undefined && isNarrowed(found) ? ((await fileOf(docker, traefik.Id, `${routesDirectory}/${keptFile(file)}`)) ?? found) : found;
  const narrowed = text === undefined ? undefined : withoutServer(text, container, randomBytes(6).toString("hex"));
  if (narrowed === undefined) return undefined;
  const writer = await docker.createContainer(await writerOf(routed, [file, narrowed.text, narrowed.mark]));
  try {
    const stream = (await writer.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true })) as Duplex;
    const { said, sign } = read(stream);
    // Asked before it starts: it is gone as soon as it ends.
    const ended = writer.wait({ condition: "removed" }) as Promise<{ StatusCode: number }>;
    ended.catch(() => undefined);
    await writer.start();
    const isOut = await Promise.race([sign, ended.then(() => false)]);
    if (!isOut) throw new OpsError(`${container} could not be taken out of its route, and was left as it is: ${said().trim() || "what writes the route ended without a word"}`);
    try {
      await work();
    } finally {
      stream.end();
    }
    const { StatusCode } = await ended;
    if (StatusCode !== 0) throw new OpsError(`the route of ${route} is without ${container}, and could not be put back: ${said().trim()}\nThe job that wrote it does so again: docker start -a $(docker ps -aq --filter label=berth.stack=${stack} --filter label=berth.role=job --filter name=^/route-${route}-)`);
    return true;
  } catch (error) {
    await writer.stop().catch(() => undefined); // it has ended, and is gone
    throw error;
  }
}

const writerName = "route-aside-";

/** Waits for what puts a route back after a restart that was killed, or that another machine does. */
async function others(docker: Dockerode, stack: string): Promise<void> {
  const writers = (await stackContainers(docker, stack)).filter(({ Names }) => Names[0]?.startsWith(`/${writerName}`));
  await Promise.all(writers.map(({ Id }) => docker.getContainer(Id).wait({ condition: "removed" }).catch(unlessStatus(404))));
}

/** As Traefik is, in its network, where its API answers; but it may write the routes. */
async function writerOf({ docker, stack, traefik }: Routed, words: readonly string[]): Promise<Dockerode.ContainerCreateOptions> {
  const { Config, HostConfig, Mounts } = await docker.getContainer(traefik.Id).inspect();
  const routes = Mounts.find(({ Destination }) => Destination === routesDirectory)?.Name;
  if (routes === undefined) throw new OpsError(`Traefik of stack "${stack}" has no volume at ${routesDirectory}: ./berth up -s ${stack} makes it anew`);
  const { CapDrop, SecurityOpt, Tmpfs, Ulimits, NanoCpus } = HostConfig;
  return {
    name: `${writerName}${randomBytes(4).toString("hex").slice(0, 7)}`,
    Image: Config.Image,
    User: Config.User,
    Entrypoint: ["/bin/sh", "-ec"],
    Cmd: [asideScript("http://127.0.0.1:8080"), "aside", ...words],
    Healthcheck: { Test: ["NONE"] },
    Labels: { [labels.stack]: stack, [labels.role]: "run" },
    HostConfig: {
      CapDrop,
      SecurityOpt,
      Tmpfs,
      Ulimits,
      NanoCpus,
      ReadonlyRootfs: true,
      Memory: 64 * 2 ** 20,
      MemorySwap: 64 * 2 ** 20,
      AutoRemove: true,
      NetworkMode: `container:${traefik.Id}`,
      Mounts: [{ Type: "volume", Source: routes, Target: routesDirectory }],
    },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
  };
}

/** What a container has printed, and when it has printed the sign. */
function read(stream: Duplex): { said: () => string; sign: Promise<boolean> } {
  let text = "";
  const lines = new PassThrough();
  const sign = new Promise<boolean>((resolve) => {
    lines.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.split("\n").includes(asideSign)) resolve(true);
    });
  });
  demultiplex(stream, lines, lines).catch(() => undefined); // it ended
  return { said: () => text, sign };
}
