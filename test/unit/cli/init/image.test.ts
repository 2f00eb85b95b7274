import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { readDockerfile } from "../../../../cli/init/dockerfile.ts";
import { notGiven } from "../../../../cli/init/built-image.ts";
import { healthOf, requestIn } from "../../../../cli/init/health.ts";
import { imageFacts } from "../../../../cli/init/image-config.ts";
import { portOf } from "../../../../cli/init/port.ts";
import { rootNeeds, startFiles } from "../../../../cli/init/start.ts";
import { userOf } from "../../../../cli/init/user.ts";

const second = 1e9;

describe("an image's configuration", () => {
  test("says everything in seconds, lists and numbers, the base's ENTRYPOINT with a CMD that completes it", () => {
    const facts = imageFacts({
      Entrypoint: ["/docker-entrypoint.sh"], Cmd: ["serve"], User: "app:web", ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000-8002/tcp": {} }, Volumes: { "/data": {} },
      Healthcheck: { Test: ["CMD-SHELL", "curl -f localhost:80/up"], Interval: 5 * second, Timeout: 20 * second, StartPeriod: 120 * second, Retries: 4 },
      StopSignal: "SIGQUIT", WorkingDir: "/srv/app", Env: ["PATH=/bin", "EMPTY=", "OPTIONS=a=b\nc"],
    });
    assert.deepEqual(facts, {
      entrypoint: ["/docker-entrypoint.sh"], command: ["serve"], user: "app:web",
      ports: [{ port: 53, protocol: "udp" }, { port: 80, protocol: "tcp" }, { port: 8000, protocol: "tcp" }, { port: 8001, protocol: "tcp" }, { port: 8002, protocol: "tcp" }],
      volumes: ["/data"],
      health: { command: ["/bin/sh", "-c", "curl -f localhost:80/up"], interval: 5, timeout: 20, startPeriod: 120, retries: 4 },
      stopSignal: "SIGQUIT", directory: "/srv/app", env: { PATH: "/bin", EMPTY: "", OPTIONS: "a=b\nc" },
    });
  });

  test("may leave everything out", () => {
    const nothing = { entrypoint: [], command: [], user: "", ports: [], volumes: [], directory: "/", env: {} };
    assert.deepEqual(imageFacts({}), nothing);
    assert.deepEqual(imageFacts({ Entrypoint: null, Cmd: null, ExposedPorts: null, Volumes: null, Env: null, Healthcheck: { Test: ["NONE"] }, StopSignal: "SIGTERM" }), nothing);
    assert.deepEqual(imageFacts({ Healthcheck: { Test: ["CMD-SHELL", "x"] }, Shell: ["/bin/bash", "-ec"] }).health?.command, ["/bin/bash", "-ec", "x"]);
  });
});

describe("the port", () => {
  const of = (exposed: string[], env: Record<string, string> = {}, check: string[] = [], order: number[] = [], sample?: string) =>
    portOf(imageFacts({ ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])), Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }), requestIn(check, env), order, sample);

  test("is none of another protocol, and the one that PORT or the health check names", () => {
    assert.equal(of(["22/tcp", "3000/tcp"]), 3000);
    assert.equal(of(["53/udp", "80/tcp"]), 80);
    assert.equal(of(["443/tcp", "8080/tcp"]), 8080);
    assert.equal(of(["3000/tcp", "9090/tcp"], { PORT: "9090" }), 9090);
    assert.equal(of(["3000/tcp", "9090/tcp"], {}, ["curl", "http://localhost:9090/up"]), 9090);
    assert.equal(of(["3000/tcp", "8080/tcp"], {}, [], [8080, 3000]), 8080, "the Dockerfile has it first");
    assert.equal(of([], { PORT: "5000" }, [], [], "8080"), 5000);
    assert.equal(of([], {}, [], [], "8080"), 8080);
    assert.equal(of(["53/udp"]), undefined);
  });

  test("is always one that the image exposes for TCP, where it exposes any", () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    fc.assert(fc.property(fc.uniqueArray(fc.tuple(port, fc.constantFrom("tcp", "udp")), { minLength: 1, maxLength: 6, selector: ([number]) => number }), fc.option(port), (ports, variable) => {
      const chosen = of(ports.map(([number, protocol]) => `${number}/${protocol}`), variable === null ? {} : { PORT: String(variable) });
      const tcp = ports.filter(([, protocol]) => protocol === "tcp").map(([number]) => number);
      if (tcp.length > 0) assert.ok(chosen !== undefined && tcp.includes(chosen));
    }));
  });
});

describe("a health check", () => {
  test("gives away its path and port, whoever asks", () => {
    for (const [command, path, port] of [
      ["curl -f http://localhost:8080/healthz || exit 1", "/healthz", 8080],
      ["wget -qO- 127.0.0.1:3000/up", "/up", 3000],
      ["wget --spider http://localhost/ping", "/ping", 80],
      ["curl http://localhost:${PORT:-3000}/a?b=c", "/a", 9000],
      ["node -e \"require('http').get('http://0.0.0.0:4000/status')\"", "/status", 4000],
      ["nc -z localhost 5000", undefined, 5000],
      ["/app/check", undefined, undefined],
    ] as const) {
      assert.deepEqual(requestIn(["/bin/sh", "-c", command], { PORT: "9000" }), { ...(path !== undefined && { path }), ...(port !== undefined && { port }) }, command);
    }
  });

  test("keeps the times that are longer than Berth's", () => {
    assert.deepEqual(healthOf({ command: ["check"], startPeriod: 120, timeout: 20 }, { path: "/up", port: 80 }, 80), { path: "/up", command: ["check"], wait: 210, timeout: 20 });
    assert.deepEqual(healthOf({ command: ["check"], interval: 5, timeout: 3, retries: 3 }, { path: "/up" }, 80), { path: "/up", command: ["check"] });
    assert.deepEqual(healthOf({ command: ["check"] }, { path: "/up", port: 9090 }, 80), { path: "/", command: ["check"] }, "the path of another port");
    assert.deepEqual(healthOf(undefined, {}, 80), { path: "/" });
  });
});

describe("the user", () => {
  const passwd = "root:x:0:0:root:/root:/bin/bash\napp:x:1234:1235::/home/app:/bin/sh\n";
  const group = "root:x:0:\nweb:x:77:app\n";
  test("is looked up in the image, with its group", () => {
    for (const [named, user, of] of [["", 0, 0], ["root", 0, 0], ["app", 1234, 1235], ["1234", 1234, 1235], ["app:web", 1234, 77], ["1001", 1001, 0], ["1001:0", 1001, 0], ["1001:1001", 1001, 1001]] as const) {
      assert.deepEqual(userOf(named, passwd, group), { user, group: of }, named);
    }
    assert.equal(userOf("strange", passwd, group), undefined);
    assert.equal(userOf("app:strange", passwd, group), undefined);
    assert.deepEqual(userOf("65532:65532", "", ""), { user: 65_532, group: 65_532 }, "an image without the files");
  });

  test("of numbers is these numbers, whatever the files have", () => {
    const id = fc.integer({ min: 0, max: 2 ** 31 - 2 });
    fc.assert(fc.property(id, id, fc.string(), (user, of, text) => {
      fc.pre(!text.includes(":"));
      assert.deepEqual(userOf(`${user}:${of}`, text, text), { user, group: of });
    }));
  });
});

describe("a start as root", () => {
  test("needs what stepping down needs, by its scripts and programs; nothing where it stays root", () => {
    assert.deepEqual(rootNeeds(["python3", "app.py"], []), { capabilities: [] });
    for (const by of ["gosu", "su-exec", "setpriv", "runuser"]) {
      assert.deepEqual(rootNeeds(["/entrypoint.sh", "app"], [`#!/bin/sh\nchown app /data\nexec ${by} app "$@"\n`]), { capabilities: ["CHOWN", "SETUID", "SETGID"], by });
    }
    assert.deepEqual(rootNeeds(["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"], ["#!/bin/sh\nexec \"$@\"\n"]), { capabilities: ["CHOWN", "SETUID", "SETGID"], by: "nginx" });
    assert.deepEqual(rootNeeds(["docker-entrypoint.sh", "mysqld"], []).capabilities, ["CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE"]);
    assert.deepEqual(rootNeeds(["/bin/sh", "-c", "chown -R 1000 /data && exec app"], []), { capabilities: ["CHOWN"] });
    assert.deepEqual(rootNeeds(["/bin/busybox"], ["\u007FELF gosu"]), { capabilities: [] }, "a program of its own names others in its text");
  });

  test("is looked for where a shell would find it", () => {
    assert.deepEqual(startFiles(["./run.sh", "/bin/tini", "--", "serve"], "/srv", "/usr/bin:/bin"), [["/srv/run.sh"], ["/bin/tini"], ["/usr/bin/serve", "/bin/serve"]]);
  });
});

describe("a Dockerfile", () => {
  const text = [
    "# syntax=docker/dockerfile:1",
    "ARG BASE=debian:trixie-slim",
    "ARG RELEASE",
    "FROM node:24 AS build",
    "EXPOSE 9999",
    "FROM ${BASE} AS base",
    'ENV PORT=8080 GREETING="two words"',
    "RUN --mount=type=secret,id=npm,target=/root/.npmrc --mount=type=cache,target=/x npm ci && \\",
    "    true",
    "FROM base AS prod",
    "EXPOSE 8080/tcp 9090",
    "USER shop:shop",
    "FROM base AS dev",
    "EXPOSE 3000",
  ].join("\n");

  test("says where the values of a stage come from", () => {
    assert.deepEqual(readDockerfile(text, "prod"), { base: "debian:trixie-slim", lines: { ENV: 7, EXPOSE: 11, USER: 12 }, ports: [8080, 9090], env: ["PORT", "GREETING"], args: ["RELEASE"], secrets: ["npm"] });
    assert.deepEqual(notGiven(readDockerfile(`${text}\nARG TARGETARCH\n`), { context: "/" }), ["--build-secret npm=<VARIABLE>", "--build-arg RELEASE=<value>"]);
    assert.deepEqual(notGiven(readDockerfile(text), { context: "/", buildArgs: { RELEASE: "1" }, secrets: { npm: "NPM_TOKEN" } }), []);
    assert.deepEqual(readDockerfile(text).ports, [3000], "the last one");
    assert.deepEqual(readDockerfile("# nothing\n"), { base: "", lines: {}, ports: [], env: [], args: [], secrets: [] });
  });
});
