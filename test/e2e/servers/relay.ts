import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";

/** A port on 127.0.0.1, or the path of a Unix socket, which network namespaces share. */
export type End = number | string;

const address = (end: End) => (typeof end === "number" ? { host: "127.0.0.1", port: end } : { path: end });

/** Passes each connection to `from` on to `to`. @throws where `from` is taken. */
export async function relay(from: End, to: End): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (incoming) => {
    const outgoing = connect({ ...address(to), allowHalfOpen: true });
    incoming.pipe(outgoing).pipe(incoming);
    // One end that breaks off must break off the other, and nothing else.
    incoming.on("error", () => outgoing.destroy()).on("close", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy()).on("close", () => incoming.destroy());
  });
  server.listen(address(from));
  await once(server, "listening");
  return server;
}

// As a program, in the other namespace: pairs of ends as arguments; it says when all listen, and ends with its input.
if (import.meta.main) {
  const ends = process.argv.slice(2).map((end) => (/^\d+$/.test(end) ? Number(end) : end));
  for (let index = 0; index < ends.length; index += 2) await relay(ends[index] as End, ends[index + 1] as End);
  process.stdout.write("ready\n");
  process.stdin.resume().on("end", () => process.exit());
}
