import assert from "node:assert/strict";
import { test } from "node:test";
import { type FirstUp, timings } from "../../bench/first-up.ts";

test("each step's time is in one row, and the rows of a column are the whole", () => {
  const steps = [
    { name: "engine", milliseconds: 27_000 },
    { name: "images", milliseconds: 100 },
    { name: "redis:8.0", milliseconds: 50_000 },
    { name: "traefik:v3.7.15", milliseconds: 60_000 },
    { name: "policy", milliseconds: 4000 },
    { name: "dev", milliseconds: 200_000 },
    { name: "answer", milliseconds: 1000 },
    { name: "answer", milliseconds: 2000 },
  ];
  const run: FirstUp = { whole: 320_000, milliseconds: 304_000, steps, answers: [250_000, 110_000, 130_000, 120_000] };
  const text = timings({ first: run, present: run, second: run });
  const times = text.split("\n").slice(2, 7).map((line) => line.split("|")[2]?.trim());
  assert.deepEqual(times, ["16.0 s", "27.0 s", "1 min 11 s", "3 min 26 s", "**5 min 20 s**"]);
  assert.match(text, /\(2 stand-ins built\)/);
  assert.match(text, /first address answered after 1 min 50 s, the fourth after 4 min 10 s, the last after 4 min 10 s/);
});
