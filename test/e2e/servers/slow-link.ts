import { connect, createServer, type Socket } from "node:net";

/** What a link does to what passes. */
export interface Link {
  /** Milliseconds from a question to its answer beyond what the target takes. */
  latency: number;
  /** One piece in so many is lost, and comes a retransmission later; what follows waits for it, as TCP delivers in order. */
  loss: number;
}

/**
 * A container that passes connections on over a slow link that loses packets, which takes no module of the kernel. To an
 * application a lost packet is a wait. That TCP sends less after a loss, and in the end gives up, is not shown.
 *
 * @param image One that runs this machine's Node: with its C and C++ libraries.
 * @param target Host and port; it takes the same port.
 * @returns Settings for the Docker API: under the name `alias` of `network`, to `target`.
 */
export function slowLink(image: string, network: string, alias: string, target: { host: string; port: number }, link: Link) {
  return {
    Image: image,
    Entrypoint: entrypoint(target, link),
    HostConfig: { Binds: binds, NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [alias] } } },
  };
}

/**
 * A container that takes connections on a port of 127.0.0.1 and passes them on as they are: to what is on internal networks,
 * which the Docker host does not reach. It must be connected to one of these.
 */
export function wayIn(image: string, port: number, target: { host: string; port: number }) {
  return {
    Image: image,
    Entrypoint: entrypoint(target, { latency: 0, loss: Infinity }),
    ExposedPorts: { [`${target.port}/tcp`]: {} },
    HostConfig: { Binds: binds, NetworkMode: "bridge", PortBindings: { [`${target.port}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: `${port}` }] } },
  };
}

const binds = [`${process.execPath}:/node/node:ro`, `${import.meta.dirname}:/e2e:ro`];

function entrypoint({ host, port }: { host: string; port: number }, { latency, loss }: Link): string[] {
  return ["/node/node", "/e2e/slow-link.ts", host, `${port}`, `${latency}`, `${loss}`];
}

function serve(host: string, port: number, { latency, loss }: Link): void {
  // TCP sends again what was lost after the time of an answer and 200 ms at least.
  const retransmission = latency + 200;
  let pieces = 0;
  const pass = (from: Socket, to: Socket, delay: number) => {
    let due = 0;
    let before = Promise.resolve();
    const later = (action: () => void) => {
      due = Math.max(due, Date.now() + delay + (++pieces % loss === 0 ? retransmission : 0));
      const at = due;
      before = before.then(() => new Promise((resolve) => setTimeout(resolve, at - Date.now()))).then(action);
    };
    from.on("data", (piece) => later(() => void (to.writable && to.write(piece))));
    from.on("end", () => later(() => to.end()));
    from.on("error", () => to.destroy());
  };
  createServer({ allowHalfOpen: true }, (incoming) => {
    const outgoing = connect({ host, port, allowHalfOpen: true });
    pass(incoming, outgoing, 0);
    pass(outgoing, incoming, latency);
  }).listen(port);
}

if (import.meta.main) {
  const [host = "", port, latency, loss] = process.argv.slice(2);
  serve(host, Number(port), { latency: Number(latency), loss: Number(loss) });
}
