import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/**
 * What Docker sends of a container's standard output and error: one stream of frames, each a kind, three zeros, the
 * length, and the text. dockerode's own `demuxStream` calls itself for each frame of a chunk, and overflows the stack at
 * some 3,000 of them.
 */
interface Part {
  isError: boolean;
  bytes: Buffer;
}

const headerSize = 8;

/** Takes the stream chunk by chunk, however it is cut. A container with a terminal has no frames: its output stays as it is. */
function splitter(): (chunk: Buffer) => Part[] {
  let header: Buffer = Buffer.alloc(0);
  let left = 0;
  let isError = false;
  return (chunk) => {
    const parts: Part[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const more = chunk.subarray(at, at + headerSize - header.length);
        header = Buffer.concat([header, more]);
        at += more.length;
        if ((header[0] ?? 0) > 2) {
          parts.push({ isError: false, bytes: header });
          left = Infinity;
        } else if (header.length === headerSize) {
          isError = header[0] === 2;
          left = header.readUInt32BE(4);
          header = Buffer.alloc(0);
        }
      } else {
        const bytes = chunk.subarray(at, at + left);
        parts.push({ isError, bytes });
        at += bytes.length;
        left -= bytes.length;
      }
    }
    return parts;
  };
}

/** Both outputs of a log that is read at once. */
export function textOf(log: Buffer): string {
  return Buffer.concat(splitter()(log).map(({ bytes }) => bytes)).toString("utf8");
}

/** Hands each output on, no faster than it is taken, until the source ends. Rejects where it is closed before. */
export async function demultiplex(source: Readable, stdout: Writable, stderr: Writable): Promise<void> {
  const split = splitter();
  for await (const chunk of source as AsyncIterable<Buffer>) {
    for (const { isError, bytes } of split(chunk)) {
      const target = isError ? stderr : stdout;
      if (!target.write(bytes)) await once(target, "drain");
    }
  }
}
