import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { locallyLogged, logged, syslogTag, type LogSettings } from "../../../../components/docker/logging.ts";
import { checkConfig } from "../../../../config/config.ts";
import { rawConfig } from "../../config/raw-config.ts";

const check = (logs: unknown) => checkConfig(rawConfig({ values: { "berth:logs": logs } }), {});
const rendered = (logs: LogSettings, role = "web", app?: string) => logged({ prefix: "berth-prod", logs }, role, app);
const remote = { mode: "non-blocking", "max-buffer-size": "4m", "cache-max-size": "10m", "cache-max-file": "3" };

describe("berth:logs", () => {
  test("is files with rotation by default, whole or in part", () => {
    const files = { driver: "json-file", size: "10MiB", files: 3 };
    assert.deepEqual(checkConfig(rawConfig({}), {}).config?.logs, files);
    assert.deepEqual(check({ driver: "json-file", files: 5 }).config?.logs, { ...files, files: 5 });
  });

  test("takes each remote driver", () => {
    for (const address of ["udp://127.0.0.1:514", "tcp://logs.example.com:514", "tcp+tls://logs.example.com:6514"]) {
      assert.deepEqual(check({ driver: "syslog", address }).config?.logs, { driver: "syslog", address, facility: "daemon" });
    }
    const fluentd = { driver: "fluentd", address: "logs.example.com:24224" };
    assert.deepEqual(check(fluentd).config?.logs, fluentd);
  });

  test("is a Loki of the stack's own, whole or in part", () => {
    assert.deepEqual(check({ driver: "loki" }).config?.logs, { driver: "loki", port: 24_224, retention: "14d" });
    assert.deepEqual(check({ driver: "loki", port: 4711, retention: "8w" }).config?.logs, { driver: "loki", port: 4711, retention: "8w" });
  });

  test("has a port of its own", () => {
    const problems = checkConfig(rawConfig({ values: { "berth:logs": { driver: "loki", port: 8080 } } }), {}).problems;
    assert.deepEqual(problems.map(({ field }) => field), ["berth:logs.port"]);
  });

  for (const [wrong, field, allowed] of [
    ["syslog", "berth:logs", /one of \{driver: json-file/],
    [{ driver: "journald" }, "berth:logs.driver", /\{driver: syslog/],
    [{ size: "1MiB" }, "berth:logs.driver", /\{driver: fluentd/],
    [{ driver: "json-file", size: "10m" }, "berth:logs.size", /MiB or GiB, at least 1MiB/],
    [{ driver: "json-file", files: 0 }, "berth:logs.files", /from 1 to 20/],
    [{ driver: "json-file", address: "udp://a:514" }, "berth:logs.address", /a known field/],
    [{ driver: "syslog" }, "berth:logs.address", /udp:\/\/<host>:514/],
    [{ driver: "syslog", address: "logs.example.com:514" }, "berth:logs.address", /udp:\/\/<host>:514/],
    [{ driver: "syslog", address: "udp://logs.example.com" }, "berth:logs.address", /with its port/],
    [{ driver: "syslog", address: "udp://logs.example.com:65536" }, "berth:logs.address", /with its port/],
    [{ driver: "syslog", address: "udp://a:514", facility: "local8" }, "berth:logs.facility", /one of kern, .*local7/],
    [{ driver: "loki", retention: "24h" }, "berth:logs.retention", /days, weeks or years/],
    [{ driver: "loki", port: 0 }, "berth:logs.port", /from 1 to 65535/],
    [{ driver: "loki", address: "127.0.0.1:24224" }, "berth:logs.address", /a known field/],
    [{ driver: "fluentd", address: "tcp://logs.example.com:24224" }, "berth:logs.address", /example\.com:24224/],
  ] as const) {
    test(`${JSON.stringify(wrong)} is refused at ${field}, with what is allowed`, () => {
      const { problems } = check(wrong);
      assert.deepEqual(problems.map((problem) => problem.field), [field]);
      assert.match(problems[0]?.allowed ?? "", allowed);
    });
  }
});

describe("the log settings of a container", () => {
  test("are those that containers had before there was a setting: an update replaces none of them", () => {
    assert.deepEqual(rendered({ driver: "json-file", size: 10, files: 3 }), { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" } });
    assert.deepEqual(rendered({ driver: "json-file", size: 2048, files: 1 }).logOpts, { "max-size": "2048m", "max-file": "1", labels: "berth.stack,berth.app,berth.role" });
  });

  test("for syslog name the part, never wait for the store and keep lines on the host", () => {
    assert.deepEqual(rendered({ driver: "syslog", address: "udp://logs:514", facility: "local3" }, "web", "root"), {
      logDriver: "syslog",
      logOpts: { ...remote, "syslog-address": "udp://logs:514", "syslog-facility": "local3", "syslog-format": "rfc5424micro", tag: "berth-prod.root.web" },
    });
  });

  test("for fluentd are bounded, asynchronous, and have the labels", () => {
    assert.deepEqual(rendered({ driver: "fluentd", address: "logs:24224" }, "postgres"), {
      logDriver: "fluentd",
      logOpts: {
        ...remote,
        "fluentd-address": "logs:24224",
        "fluentd-async": "true",
        "fluentd-buffer-limit": "4096",
        "fluentd-sub-second-precision": "true",
        labels: "berth.stack,berth.app,berth.role",
        tag: "berth-prod.postgres",
      },
    });
  });

  test("for Loki are those for a fluentd at the collector's port", () => {
    assert.deepEqual(rendered({ driver: "loki", port: 4711 }, "web", "root"), rendered({ driver: "fluentd", address: "127.0.0.1:4711" }, "web", "root"));
  });

  test("of what the lines go through are files, whatever the others have", () => {
    assert.deepEqual(locallyLogged({ prefix: "berth-prod" }, "loki"), { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" } });
  });

  test("for syslog have a tag of at most 32 characters, as RFC 5424 has it, and another one for each part", () => {
    const tags = ["report", "report-2", "reports"].map((name) => syslogTag(`berth-production.shop-of-flowers.schedule-${name}`));
    assert.equal(new Set(tags).size, 3);
    for (const tag of tags) assert.match(tag, /^[!-~]{32}$/);
    assert.equal(syslogTag("berth-prod.root.web"), "berth-prod.root.web");
  });
});
