import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { Progress } from "../../../cli/progress.ts";
import { Redactor, secretsOf } from "../../../cli/redact.ts";
import { changesText, duration, size, table } from "../../../cli/table.ts";
import { hasColour, type Sink, Terminal } from "../../../cli/terminal.ts";

function sink(isTTY = false): Sink & { text: string } {
  return { isTTY, text: "", write(text: string) { this.text += text; } };
}

describe("colour", () => {
  test("only on a terminal that can show it, and never with NO_COLOR", () => {
    assert.equal(hasColour(sink(true), {}), true);
    assert.equal(hasColour(sink(false), {}), false);
    assert.equal(hasColour(sink(true), { NO_COLOR: "1" }), false);
    assert.equal(hasColour(sink(true), { NO_COLOR: "" }), true);
    assert.equal(hasColour(sink(true), { TERM: "dumb" }), false);
  });

  test("is decided for each stream by itself", () => {
    const terminal = new Terminal(sink(false), sink(true), {});
    assert.equal(terminal.resultStyle("red", "x"), "x");
    assert.equal(terminal.style("red", "x"), "\x1b[31mx\x1b[39m");
  });
});

describe("secrets", () => {
  test("are replaced in everything that is written, on both streams", () => {
    const [out, error] = [sink(), sink()];
    const terminal = new Terminal(out, error, {});
    terminal.redactor.hide("canary-5f2d91");
    terminal.result("password=canary-5f2d91");
    terminal.json({ outputs: { password: "canary-5f2d91" } });
    terminal.line("error: login canary-5f2d91 refused");
    const report = new Progress(terminal);
    report.note("canary-5f2d91");
    report.step("canary-5f2d91").fail("canary-5f2d91");
    report.detail("canary-5f2d91");
    assert.doesNotMatch(out.text + error.text, /canary/);
    assert.match(out.text, /password=\[secret\]/);
  });

  test("never come through, whatever surrounds them and however they are escaped", () => {
    fc.assert(
      fc.property(fc.string({ minLength: Redactor.shortest }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(secret.trim().length >= Redactor.shortest && !"[secret]".includes(secret.trim()));
        const redactor = new Redactor();
        redactor.hide(secret);
        assert.ok(!redactor.clean(`${before} ${secret} ${after}`).includes(secret));
        assert.ok(!redactor.clean(JSON.stringify({ secret })).includes(JSON.stringify(secret)));
      }),
    );
  });

  test("of the environment are known by their names", () => {
    const environment = { PULUMI_CONFIG_PASSPHRASE: "aaaaaa", BERTH_REGISTRY_PASSWORD: "bbbbbb", GITHUB_TOKEN: "cccccc", HOME: "/root", EMPTY_SECRET: "", PGBACKREST_S3_KEY: "dddddd", DEEPL_API_KEY: "eeeeee", SSH_HOST_KEY: "not-secret", PULUMI_BACKEND_URL: "postgres://berth:ffffff@db.example.com/state" };
    assert.deepEqual(secretsOf(environment), ["aaaaaa", "bbbbbb", "cccccc", "dddddd", "eeeeee", "ffffff"]);
  });
});

describe("progress where lines can't be rewritten", () => {
  test("is a line a step, without control sequences", () => {
    const error = sink();
    const report = new Progress(new Terminal(sink(), error, {}));
    const step = report.step("images");
    step.progress?.("building");
    step.done("all present");
    report.step("ports").fail("taken");
    assert.match(error.text, /^✔ images {6}all present \(\d+ ms\)\n✖ ports {7}taken \(\d+ ms\)\n$/);
    assert.deepEqual(report.times.map(({ name }) => name), ["images", "ports"]);
  });

  test("a step ends once", () => {
    const error = sink();
    const step = new Progress(new Terminal(sink(), error, {})).step("docker");
    step.done("here");
    step.fail("gone");
    assert.equal(error.text.split("\n").length, 2);
  });
});

describe("tables and figures", () => {
  test("columns are aligned, colour not counted", () => {
    assert.equal(table(["A", "LONG"], [["aaa", "\x1b[31mb\x1b[39m"], ["c", "dd"]]), "A    LONG\naaa  \x1b[31mb\x1b[39m\nc    dd");
  });

  test("durations and sizes have the unit that reads best", () => {
    assert.deepEqual([340, 2400, 185_000].map(duration), ["340 ms", "2.4 s", "3 min 5 s"]);
    assert.deepEqual([1_500_000, 300 * 2 ** 20, 3 * 2 ** 30].map(size), ["1.4 MiB", "300 MiB", "3.0 GiB"]);
  });

  test("changes are counted in words; what stayed the same is none", () => {
    assert.equal(changesText({ create: 12, update: 1, same: 4 }), "12 created, 1 updated");
    assert.equal(changesText({ same: 30 }), "0 changes");
    assert.equal(changesText({ replace: 2, delete: 1 }, true), "2 to replace, 1 to delete");
  });
});
