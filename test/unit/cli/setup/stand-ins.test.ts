import assert from "node:assert/strict";
import { test } from "node:test";
import type Dockerode from "dockerode";
import { refusedOf, standInRefusal, standInsOn, takesStandIns, toPull } from "../../../../cli/setup/stand-ins.ts";

test("stand-ins are for dev, and elsewhere for who asks, by the flag or the variable", () => {
  const cases = [["dev", false, {}], ["prod", false, {}], ["prod", true, {}], ["prod", false, { BERTH_STAND_INS: "yes" }], ["prod", false, { BERTH_STAND_INS: "" }]] as const;
  assert.deepEqual(cases.map(([environment, asked, variables]) => takesStandIns({ environment }, asked, variables)), [true, false, true, true, false]);
});

test("where they may not be used those that are there are pulled over, and refused with what would have been built", () => {
  const state = { upstream: ["redis"], standIns: ["postgres"], stale: ["traefik"], missing: ["rust"], without: ["loki"] };
  assert.deepEqual(toPull(state, true, false), ["postgres", "traefik"]);
  assert.deepEqual(toPull(state, true, true), ["postgres", "traefik", "rust"], "the mirror has a stand-in of it");
  assert.deepEqual(toPull(state, false, false), ["postgres", "traefik", "rust", "loki"], "from a mirror that Berth knows nothing of");
  assert.deepEqual(refusedOf(state, true), ["postgres", "traefik"]);
  assert.deepEqual(refusedOf(state, false), ["postgres", "traefik", "rust", "loki"]);
  assert.deepEqual(refusedOf({ ...state, standIns: [], stale: [], missing: [], without: [] }, false), []);
});

test("those of another host are found by their label, and only among what the stack wants", async () => {
  const asked: unknown[] = [];
  const docker = {
    listImages: (options: unknown) => {
      asked.push(options);
      return Promise.resolve([{ RepoTags: ["postgres:17", "berth-base:1"] }, { RepoTags: null }, { RepoTags: ["adminer:5"] }]);
    },
  } as unknown as Dockerode;
  assert.deepEqual(await standInsOn(docker, new Set(["postgres:17", "redis:8"])), ["postgres:17"]);
  assert.deepEqual(asked, [{ filters: '{"label":["berth.standin"]}' }]);
});

test("the refusal names stack, engine, images and the flag", () => {
  const { message, code } = standInRefusal("prod", "ssh://deploy@example.com", ["postgres:17"]);
  for (const part of ['stack "prod"', "ssh://deploy@example.com", "postgres:17", "--stand-ins", "BERTH_STAND_INS=yes", "docker load"]) assert.ok(message.includes(part), part);
  assert.equal(code, 3);
});
