import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { layOut } from "../../../../dev/picture/layout.ts";
import type { Part, Stack } from "../../../../dev/picture/stack.ts";
import { renderStack } from "../../../../dev/picture/svg.ts";

const part = (name: string, networks: string[], more: Partial<Part> = {}): Part => {
  return { name, networks, replicas: 1, image: `${name}:1`, memory: 64, cpus: 0.5, volumes: [], ports: [], ...more };
};
const apps = ["blog", "root", "shop"];
const network = (name: string, internal = true) => ({ name, internal });

const stack: Stack = {
  name: "test",
  networks: [network("edge", false), ...apps.map((app) => network(`app-${app}`)), network("monitoring")],
  parts: [
    part("traefik", ["edge", "monitoring"], { ports: [{ outside: "127.0.0.1:8080", inside: 8000 }] }),
    ...apps.map((app) => part(`${app}-web`, ["edge", `app-${app}`], { replicas: 2 })),
    part("postgres", ["app-blog", "app-shop", "monitoring"], { volumes: ["postgres-data"], image: "acme/postgres:17" }),
    ...["a", "b", "c", "d"].map((name) => part(`${name}-exporter`, ["monitoring"])),
  ],
  jobs: ["root-migrate", "postgres-init"],
  files: 1,
};

test("the picture is that of the program", () => {
  const { status, stderr } = spawnSync(process.execPath, ["dev/picture/picture.ts", "--check"], { cwd: join(import.meta.dirname, "../../../.."), encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

test("it shows every part with its replicas, image, volumes and published ports, and says so in words", () => {
  const svg = renderStack(stack);
  for (const shown of ["root-web × 2", "postgres:17", "postgres-data", "127.0.0.1:8080", "app-shop", "2 jobs", "1 container that is never started"]) {
    assert.ok(svg.includes(`>${shown}`) || svg.includes(shown), shown);
  }
  const description = /<desc[^>]*>(.*)<\/desc>/.exec(svg)?.[1] ?? "";
  assert.match(description, /traefik on edge, monitoring, published on 127\.0\.0\.1:8080 from its port 8000/);
  assert.match(description, /postgres on app-blog, app-shop, monitoring, with the volume postgres-data/);
});

test("the order of registrations changes nothing", () => {
  const reversed = { ...stack, networks: stack.networks.toReversed(), parts: stack.parts.toReversed(), jobs: stack.jobs.toReversed() };
  assert.equal(renderStack(reversed), renderStack(stack));
});

test("its colours are plain: what knows no variables of CSS shows the same", () => {
  const svg = renderStack(stack);
  assert.doesNotMatch(svg, /var\(|--[a-z]/);
  for (const kind of ["back", "box", "open", "closed", "line", "dot", "volume", "name"]) assert.match(svg, new RegExp(`^ {2}\\.${kind} \\{ .*#[0-9a-f]{6}`, "m"), kind);
});

test("names of any length stay within their boxes", () => {
  const lengths = fc.integer({ min: 1, max: 60 }).map((length) => "n".repeat(length));
  fc.assert(
    fc.property(lengths, fc.array(lengths, { maxLength: 4 }), (name, volumes) => {
      const svg = renderStack({ ...stack, parts: [part(name, ["monitoring"], { volumes })] });
      const box = /<rect class="box" x="(\d+)" y="\d+" width="(\d+)" height="104"/.exec(svg);
      const end = Number(box?.[1]) + Number(box?.[2]);
      for (const [, attributes = "", content = ""] of svg.matchAll(/<text([^>]*)>(n+)<\/text>/g)) {
        const size = Number(/font-size: ([\d.]+)px/.exec(attributes)?.[1] ?? (attributes.includes("name") ? 14 : 12));
        assert.ok(Number(/ x="([\d.]+)"/.exec(attributes)?.[1]) + content.length * size * 0.58 <= end, content);
      }
    }),
    { numRuns: 50 },
  );
});

test("text of the stack cannot become markup", () => {
  assert.ok(!renderStack({ ...stack, name: "<script>" }).includes("<script>"));
});

test("boxes cover the lanes of their networks or are joined to them, and never one another", () => {
  const names = stack.networks.map(({ name }) => name);
  const parts = fc.array(fc.subarray(names, { minLength: 1 }), { maxLength: 12 }).map((all) => all.map((networks, index) => part(`p${index}`, networks)));
  fc.assert(
    fc.property(parts, (given) => {
      const { boxes, lanes } = layOut({ networks: stack.networks, parts: given });
      assert.equal(boxes.length, given.length);
      const cells = boxes.flatMap(({ row, from, to }) => Array.from({ length: to - from + 1 }, (_, index) => `${row} ${from + index}`));
      assert.equal(new Set(cells).size, cells.length, "no cell is taken twice");
      for (const box of boxes) {
        const covered = lanes.filter(({ column, columns }) => column <= box.to && column + columns - 1 >= box.from);
        const joined = [...covered, ...box.reached].map(({ name }) => name);
        assert.deepEqual(joined.toSorted(), box.networks.toSorted(), `${box.name} is on its networks and no others`);
      }
    }),
  );
});

test("a part on no network of the stack is refused", () => {
  assert.throws(() => layOut({ networks: [], parts: [part("lost", ["edge"])] }), /lost is on no network/);
});
