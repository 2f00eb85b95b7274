import { connect, createServer, type Socket } from "node:net";

/** What a link does to what passes. */
export interface Link {
  /** Milliseconds from a question to its answer beyond what the target takes. */
  latency: number;
  /** One piece in so many is lost, and comes a retransmission later; what follows waits for it, as TCP delivers in order. */
  loss: number;
}

/** Port of Postgres, which it takes and passes on to. */
const port = 5432;

/**
 * A container that passes connections on over a slow link that loses packets, which takes no module of the kernel. To an
 * application a lost packet is a wait. That TCP sends less after a loss, and in the end gives up, is not shown.
 *
 * @param image One that runs this machine's Node: with its C and C++ libraries.
 * @returns Settings for the Docker API: under the name `alias` of `network`, to `target`.
 */
export function slowLink(image: string, network: string, alias: string, target: string, { latency, loss }: Link) {
  return {
    Image: image,
    Entrypoint: ["/node/node", "/e2e/slow-link.ts", target, `${latency}`, `${loss}`],
    HostConfig: { Binds: [`${process.execPath}:/node/node:ro`, `${import.meta.dirname}:/e2e:ro`], NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [alias] } } },
  };
}

function serve(target: string, { latency, loss }: Link): void {
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
    const outgoing = connect({ host: target, port, allowHalfOpen: true });
    pass(incoming, outgoing, 0);
    pass(outgoing, incoming, latency);
  }).listen(port);
}

if (import.meta.main) {
  const [target = "", latency, loss] = process.argv.slice(2);
  serve(target, { latency: Number(latency), loss: Number(loss) });
}
