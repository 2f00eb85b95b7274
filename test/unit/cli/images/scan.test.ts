import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { scanTable, shortName } from "../../../../cli/images/scan.ts";
import { readAccepted, readReport } from "../../../../cli/images/scan-report.ts";
import { container, findScanner, scanError } from "../../../../cli/images/scanner.ts";

// Shows how Trivy is run and how its report and its list are read; not what Trivy finds: its database can't be had
// everywhere. The report has the fields of Trivy 0.74's own, as its tests record them. The last tests take the real Trivy,
// where there is one.

const root = join(import.meta.dirname, "../../../..");
const now = new Date("2026-03-04T12:00:00Z");
const weakness = (id: string, severity: string, more: object = {}) => ({
  VulnerabilityID: id,
  PkgID: "debug@3.0.1",
  PkgName: "debug",
  PkgIdentifier: { PURL: "pkg:npm/debug@3.0.1", UID: "45acc377fa09cc3" },
  InstalledVersion: "3.0.1",
  Status: "fixed",
  SeveritySource: "ghsa",
  Severity: severity,
  ...more,
});
const report = (found: object[], suppressed: object[] = []) =>
  JSON.stringify({
    SchemaVersion: 2,
    ArtifactName: "shop:try",
    ArtifactType: "container_image",
    Results: [
      { Target: "shop:try (debian 13.1)", Class: "os-pkgs", Type: "debian", Packages: [{ ID: "zlib1g@1.3-2", Name: "zlib1g", Version: "1.3-2" }] },
      {
        Target: "Node.js",
        Class: "lang-pkgs",
        Type: "node-pkg",
        Packages: [{ Name: "debug" }, { Name: "ms" }],
        ...(found.length > 0 && { Vulnerabilities: found }),
        ...(suppressed.length > 0 && { ExperimentalModifiedFindings: suppressed }),
      },
    ],
  });

describe("a report", () => {
  test("tells what is critical, what was accepted and why, and how many packages were looked at", () => {
    const text = report(
      [weakness("CVE-2026-0001", "CRITICAL", { FixedVersion: "3.1.0" }), weakness("CVE-2026-0002", "HIGH")],
      [
        { Type: "vulnerability", Status: "ignored", Statement: "Never called.", Source: ".trivyignore.yaml", Finding: weakness("CVE-2026-0003", "CRITICAL") },
        { Type: "vulnerability", Status: "ignored", Statement: "Low.", Source: ".trivyignore.yaml", Finding: weakness("CVE-2026-0004", "LOW") },
      ],
    );
    const found = { package: "debug", installed: "3.0.1" };
    assert.deepEqual(readReport("shop:try", text), {
      image: "shop:try",
      packages: 3,
      critical: [{ id: "CVE-2026-0001", ...found, fixed: "3.1.0" }],
      accepted: [{ id: "CVE-2026-0003", ...found, reason: "Never called." }],
    });
  });

  test("without findings and packages is no all-clear: the table says that nothing is known", () => {
    const empty = readReport("tiny", JSON.stringify({ SchemaVersion: 2 }));
    assert.deepEqual(empty, { image: "tiny", packages: 0, critical: [], accepted: [] });
    assert.match(scanTable([empty]), /^tiny +none known +0 +0$/m);
  });

  test("of another version is refused", () => {
    assert.throws(() => readReport("shop", '{"SchemaVersion": 3}'), /SchemaVersion 3, and only 2 is known/);
  });

  test("is a table of images, and one of findings", () => {
    const image = `ghcr.io/acme/shop:latest@sha256:${"a".repeat(64)}`;
    const result = readReport(image, report([weakness("CVE-2026-0001", "CRITICAL")]));
    assert.equal(
      scanTable([result]),
      [
        "IMAGE              PACKAGES  CRITICAL  ACCEPTED",
        "ghcr.io/acme/shop  3         1         0",
        "",
        "IMAGE              WEAKNESS       PACKAGE  INSTALLED  FIXED IN  RESULT",
        "ghcr.io/acme/shop  CVE-2026-0001  debug    3.0.1      -         critical",
      ].join("\n"),
    );
    assert.equal(shortName("postgres:17-trixie"), "postgres:17-trixie");
  });
});

describe("the list of what is accepted", () => {
  const entry = (fields: string) => `vulnerabilities:\n  - ${fields.split("\n").join("\n    ")}\n`;
  const why = "statement: The function is never called.";

  test("in this repository is right", () => {
    assert.deepEqual(readAccepted(readFileSync(join(root, ".trivyignore.yaml"), "utf8"), new Date()).problems, []);
  });

  test("may be empty", () => assert.deepEqual(readAccepted("", now), { problems: [], ended: [] }));

  test("takes an entry with a reason until the day of its end", () => {
    assert.deepEqual(readAccepted(entry(`id: CVE-2026-1\n${why}\nexpired_at: 2026-03-05`), now), { problems: [], ended: [] });
    const ended = ["CVE-2026-1 was accepted until 2026-03-04"];
    assert.deepEqual(readAccepted(entry(`id: CVE-2026-1\n${why}\nexpired_at: 2026-03-04`), now), { problems: [], ended });
  });

  const refused: [what: string, text: string, problem: RegExp][] = [
    ["without an end, which Trivy would accept for ever", entry(`id: CVE-2026-1\n${why}`), /CVE-2026-1: "expired_at" must be the day of its end, for example 2026-06-02/],
    ["with an end that is no day", entry(`id: CVE-2026-1\n${why}\nexpired_at: 2026-13-01`), /must be the day/],
    ["with an end too far away", entry(`id: CVE-2026-1\n${why}\nexpired_at: 2027-03-04`), /more than 180 days from now: at most 2026-08-31/],
    ["without a reason", entry("id: CVE-2026-1\nexpired_at: 2026-04-01"), /CVE-2026-1: "statement" must say why/],
    ["with a word for a reason", entry("id: CVE-2026-1\nstatement: ok\nexpired_at: 2026-04-01"), /must say why/],
    ["without an id", entry(`${why}\nexpired_at: 2026-04-01`), /an entry without an id: give the id/],
    ["of another kind", "misconfigurations:\n  - id: DS-0001\n", /misconfigurations: only "vulnerabilities"/],
  ];
  for (const [what, text, problem] of refused) {
    test(`refuses an entry ${what}`, () => {
      const { problems } = readAccepted(text, now);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", problem);
    });
  }
});

test("Trivy's container reads the image of a user who is not root, and may do nothing else; it has no login", () => {
  const args = container("trivy@sha256:1", "/x/.trivyignore.yaml", "/tmp/scan/image.tar", { DOCKER_CONFIG: "/tmp/login", TRIVY_CACHE_DIR: "/c", HOME: "/home/ada", BERTH_REGISTRY_PASSWORD: "canary" });
  const at = (flag: string) => args.flatMap((word, index) => (word === flag ? [args[index + 1]] : []));
  assert.deepEqual([at("--cap-drop"), at("--cap-add")], [["ALL"], ["DAC_READ_SEARCH"]]);
  assert.deepEqual(at("-v"), ["/tmp/scan/image.tar:/image.tar:ro", "berth-trivy:/root/.cache/trivy", "/x/.trivyignore.yaml:/accepted.yaml:ro"]);
  assert.deepEqual(at("-e"), ["TRIVY_CACHE_DIR"]);
});

describe("berth scan", () => {
  const folder = (context: TestContext) => {
    const path = mkdtempSync(join(tmpdir(), "berth-scan-"));
    context.after(() => rmSync(path, { recursive: true }));
    return path;
  };
  /** A program in place of Trivy, which writes down how it was called. */
  const scanner = (path: string, script: string) => {
    // In place of Docker, which has the image.
    writeFileSync(join(path, "docker"), `#!/bin/sh\n[ "$1" = save ] && echo tar > "$3"\nexit 0\n`, { mode: 0o755 });
    writeFileSync(join(path, "trivy"), `#!/bin/sh\n[ "$1" = --version ] && echo "Version: 0.74.0" && exit\necho "$@" >> ${path}/calls\nenv >> ${path}/environment\n${script}\n`, { mode: 0o755 });
  };
  const berth = (path: string, args: string[]) =>
    spawnSync(process.execPath, [join(root, "dev/main.ts"), "scan", ...args], { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", AWS_SECRET_ACCESS_KEY: "canary", BERTH_REGISTRY_PASSWORD: "canary", PATH: `${path}:${process.env["PATH"]}` } });

  test("ends with 1 for a critical finding, with 0 for an accepted one", (context) => {
    const path = folder(context);
    writeFileSync(join(path, "report"), report([weakness("CVE-2026-0001", "CRITICAL")]));
    scanner(path, `cat ${path}/report`);
    const bad = berth(path, ["--image", "shop:try", "--json"]);
    assert.equal(bad.status, 1, bad.stderr);
    assert.equal((JSON.parse(bad.stdout) as { images: { critical: { id: string }[] }[] }).images[0]?.critical[0]?.id, "CVE-2026-0001");
    const call = readFileSync(join(path, "calls"), "utf8");
    assert.doesNotMatch(readFileSync(join(path, "environment"), "utf8"), /canary/);
    assert.match(call, /^image --format json --scanners vuln --severity CRITICAL .*--ignorefile \S+\/\.trivyignore\.yaml --input \S+\/image\.tar$/m);
    writeFileSync(join(path, "report"), report([], [{ Type: "vulnerability", Status: "ignored", Statement: "Never called.", Finding: weakness("CVE-2026-0001", "CRITICAL") }]));
    const good = berth(path, ["--image", "shop:try"]);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /CVE-2026-0001 +debug +3\.0\.1 +- +accepted: Never called\./);
  });

  test("ends with 3 and says what to do where the database can't be had, and with 1 where Trivy fails otherwise", (context) => {
    const path = folder(context);
    scanner(path, "printf '2026-03-04T12:00:00Z\\tFATAL\\tFatal error\\trun error: init error: DB error: failed to download vulnerability DB: OCI artifact error\\n' >&2; exit 1");
    const without = berth(path, ["--image", "shop:try"]);
    assert.equal(without.status, 3, without.stderr);
    assert.match(without.stderr, /nothing was scanned: .*failed to download vulnerability DB[\s\S]*TRIVY_DB_REPOSITORY/);
    assert.equal(without.stdout, "");
    assert.equal(scanError("2026-03-04T12:00:00Z\tFATAL\tunable to find the specified image").code, 1);
  });

  test("ends with 3 and says what to do where there is no scanner", async () => {
    const environment = { PATH: "/nowhere" };
    await assert.rejects(findScanner(root, undefined, environment), { code: 3, message: /Trivy is not on PATH, and ghcr\.io\/aquasecurity\/trivy:\S+ can't be pulled/ });
  });

  test("takes an image or an application", (context) => {
    const path = folder(context);
    scanner(path, "exit 1");
    assert.equal(berth(path, ["root", "--image", "shop:try"]).status, 2);
  });
});

describe("Trivy itself", { skip: spawnSync("trivy", ["--version"]).error !== undefined && "it is not on PATH" }, () => {
  test("drops an accepted finding until its end, and tells it again after", (context) => {
    const path = mkdtempSync(join(tmpdir(), "berth-trivy-"));
    context.after(() => rmSync(path, { recursive: true }));
    writeFileSync(join(path, "report.json"), report([weakness("CVE-2026-0001", "CRITICAL")]));
    const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    // `convert` applies the same list to a report that is there, and needs no database.
    const critical = (end: string) => {
      const list = `vulnerabilities:\n  - id: CVE-2026-0001\n    statement: The function is never called.\n    expired_at: ${end}\n`;
      writeFileSync(join(path, "accepted.yaml"), list);
      const run = spawnSync("trivy", ["convert", "--format", "json", "--ignorefile", join(path, "accepted.yaml"), join(path, "report.json")], { encoding: "utf8" });
      assert.equal(run.status, 0, run.stderr);
      return { critical: readReport("shop", run.stdout).critical.length, ended: readAccepted(list, new Date()).ended.length };
    };
    assert.deepEqual(critical(day(30)), { critical: 0, ended: 0 });
    assert.deepEqual(critical(day(-1)), { critical: 1, ended: 1 });
    // Its last day is the one before.
    assert.deepEqual(critical(day(0)), { critical: 1, ended: 1 });
  });
});
