import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import { jsonOf, type Line, readLog } from "../../../../cli/status/log-lines.ts";
import { sinceOf } from "../../../../cli/status/since.ts";

describe("--since", () => {
  const now = Date.parse("2026-12-01T12:00:00Z");

  test("is so long ago, a time, or seconds since 1970", () => {
    const ago = (seconds: number) => now / 1000 - seconds;
    const cases: [text: string, seconds: number][] = [
      ["90s", ago(90)],
      ["10m", ago(600)],
      ["1h30m", ago(5400)],
      ["1.5h", ago(5400)],
      ["2d", ago(172_800)],
      ["2026-12-01T11:59:30Z", ago(30)],
      ["2026-12-01T13:00:00.5+02:00", ago(3599.5)],
      ["2026-12-01T08:30", new Date(2026, 11, 1, 8, 30).getTime() / 1000],
      ["2026-12-01 08:30:15", new Date(2026, 11, 1, 8, 30, 15).getTime() / 1000],
      ["2026-12-01", new Date(2026, 11, 1).getTime() / 1000],
      ["1764590400", 1_764_590_400],
      ["1764590400.25", 1_764_590_400.25],
    ];
    for (const [text, seconds] of cases) assert.equal(sinceOf(text, now), seconds, text);
  });

  test("that is none of these is refused with what is", () => {
    for (const text of ["10", "10x", "m10", "10m later", "-10m", "yesterday", "2026-13-01", "2026-12-01T25:00", "12:00"]) {
      assert.throws(() => sinceOf(text, now), { code: 2, message: new RegExp(`^--since is "${text}", but must be how long ago \\(90s, 10m, 1h30m, 2d\\), a time `) });
    }
  });
});

const container = { Id: "4f2a".padEnd(64, "0"), Names: ["/shop-web-0-4f2a000"], Labels: { "berth.stack": "dev", "berth.app": "shop", "berth.role": "web" } } as unknown as Dockerode.ContainerInfo;

function frame(kind: 1 | 2, content: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(Buffer.byteLength(content), 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

test("a line has its time, its container and the stream that it was printed on, and the engine is asked for what was wanted", async () => {
  const asked: object[] = [];
  const content = Buffer.concat([frame(1, "2026-12-01T12:00:00.000000001Z GET /\n"), frame(2, "2026-12-01T12:00:00.000000002Z größer\n2026-12-01T12:00:00.000000003Z \n")]);
  const docker = { getContainer: () => ({ logs: (options: object) => (asked.push(options), Promise.resolve(content)) }) } as unknown as Dockerode;
  const lines = await readLog(docker, container, { tail: 5, since: 1_764_590_400.5 });
  assert.deepEqual(lines.map(({ time, stream, text }) => `${time.slice(-4)} ${stream} ${text}`).toSorted(), ["001Z stdout GET /", "002Z stderr größer", "003Z stderr "]);
  assert.deepEqual(asked, [{ stdout: true, stderr: true, timestamps: true, tail: 5, since: 1_764_590_400.5, follow: false }]);
});

test("as JSON a line is one object on one line; a part of the platform has no application", () => {
  const line: Line = { time: "2026-12-01T12:00:00.000000001Z", container, stream: "stderr", text: 'a "b"\u2028' };
  const text = jsonOf(line);
  assert.ok(!text.includes("\n"));
  assert.deepEqual(JSON.parse(text), { time: line.time, app: "shop", part: "shop/web", container: "shop-web-0-4f2a000", stream: "stderr", line: 'a "b"\u2028' });
  const platform = { ...container, Labels: { "berth.stack": "dev", "berth.role": "postgres" } };
  assert.deepEqual(Object.keys(JSON.parse(jsonOf({ ...line, container: platform })) as object), ["time", "part", "container", "stream", "line"]);
});
