import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { demultiplex, textOf } from "../../../docker/frames.ts";

const kinds = { stdout: 1, stderr: 2 } as const;

function frame(kind: keyof typeof kinds, content: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = kinds[kind];
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

async function outputs(chunks: readonly Buffer[]): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const read = Promise.all([text(stdout), text(stderr)]);
  await demultiplex(Readable.from(chunks, { objectMode: false }), stdout, stderr);
  stdout.end();
  stderr.end();
  const [out, error] = await read;
  return { stdout: out, stderr: error };
}

describe("frames of a container's output", () => {
  const stream = Buffer.concat([frame("stdout", "one\n"), frame("stderr", "wrong: größer\n"), frame("stdout", ""), frame("stdout", "two\n")]);

  test("both outputs, however the stream is cut", async () => {
    for (let size = 1; size <= stream.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) => stream.subarray(index * size, (index + 1) * size));
      assert.deepEqual(await outputs(chunks), { stdout: "one\ntwo\n", stderr: "wrong: größer\n" }, `chunks of ${size} bytes`);
    }
  });

  test("a log as a whole has both in their order; one that is cut off has what came", () => {
    assert.equal(textOf(stream), "one\nwrong: größer\ntwo\n");
    assert.equal(textOf(stream.subarray(0, -2)), "one\nwrong: größer\ntw");
    assert.equal(textOf(stream.subarray(0, 5)), "");
  });

  test("the output of a container with a terminal stays as it is", async () => {
    assert.equal(textOf(Buffer.from("2026-01-01 plain\nsecond\n")), "2026-01-01 plain\nsecond\n");
    assert.deepEqual(await outputs([Buffer.from("pl"), Buffer.from("ain\n")]), { stdout: "plain\n", stderr: "" });
  });

  test("100,000 lines in one chunk", async () => {
    const many = Buffer.concat(Array.from({ length: 100_000 }, (_, index) => frame("stdout", `${index}\n`)));
    const { stdout } = await outputs([many]);
    assert.equal(stdout.split("\n").length, 100_001);
    assert.equal(textOf(many), stdout);
  });

  test("a reader that takes nothing stops the source", async () => {
    let asked = 0;
    function* endless() {
      for (;;) {
        asked += 1;
        yield frame("stdout", "x".repeat(1000));
      }
    }
    const source = Readable.from(endless(), { objectMode: false });
    const slow = new PassThrough({ highWaterMark: 10_000 });
    const ended = demultiplex(source, slow, slow).catch((error: unknown) => error);
    while (!slow.writableNeedDrain) await new Promise(setImmediate);
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    assert.ok(asked < 100, `${asked} kB were read, of which 10 were taken`);
    source.destroy();
    slow.destroy(new Error("closed"));
    assert.ok((await ended) instanceof Error);
  });
});
