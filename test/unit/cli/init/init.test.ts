import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { contextCode, renderApp } from "../../../../cli/init/app-file.ts";
import { prepare } from "../../../../cli/init/definition.ts";
import { readDockerfile } from "../../../../cli/init/dockerfile.ts";
import { readEnvironment } from "../../../../cli/init/environment.ts";
import { report } from "../../../../cli/init/report.ts";
import { nameFrom, openSource } from "../../../../cli/init/source.ts";
import { userOf } from "../../../../cli/init/user.ts";

const never = new AbortController().signal;

describe("a Dockerfile", () => {
  test("says what its last stage has of its own and from earlier stages", () => {
    const facts = readDockerfile(
      [
        "# syntax=docker/dockerfile:1",
        "ARG BASE=debian:trixie-slim",
        "FROM node:24 AS build",
        "USER node",
        "EXPOSE 9999",
        "FROM ${BASE} AS base",
        'ENV PORT=8080 GREETING="two words"',
        "RUN useradd --uid 1234 shop && \\",
        "    chown -R shop /data",
        'CMD ["old"]',
        "FROM base",
        "EXPOSE ${PORT}/tcp 9090",
        "USER shop:shop",
        'VOLUME ["/data", "/var/lib/my app"]',
        "HEALTHCHECK --interval=5s CMD curl -f http://localhost:8080/healthz || exit 1",
        'ENTRYPOINT ["/entry.sh", "a \\"b\\""]',
        "CMD python3 -m http.server \\",
        "  $PORT",
      ].join("\n"),
    );
    assert.deepEqual(facts, {
      base: "debian:trixie-slim",
      ports: [8080, 9090],
      user: "shop:shop",
      health: ["/bin/sh", "-c", "curl -f http://localhost:8080/healthz || exit 1"],
      entrypoint: ["/entry.sh", 'a "b"'],
      command: ["/bin/sh", "-c", "python3 -m http.server $PORT"],
      volumes: ["/data", "/var/lib/my app"],
      env: { PORT: "8080", GREETING: "two words" },
      args: [],
      runs: ["useradd --uid 1234 shop &&     chown -R shop /data"],
    });
  });

  test("without a stage is an error; a check may be switched off, and an ENTRYPOINT forgets an earlier CMD", () => {
    assert.throws(() => readDockerfile("# nothing\n"), /it has no FROM/);
    const facts = readDockerfile('FROM a AS x\nCMD ["old"]\nHEALTHCHECK CMD true\nFROM x\nHEALTHCHECK NONE\nENTRYPOINT ["new"]\n');
    assert.deepEqual([facts.health, facts.entrypoint, facts.command], [undefined, ["new"], undefined]);
  });
});

describe("the user", () => {
  const facts = (text: string) => readDockerfile(text);
  test("is a number where the Dockerfile gives one away; else a guess that is said", () => {
    assert.deepEqual(userOf(facts("FROM a\nUSER 1001:1001"), ""), { user: 1001, capabilities: [], because: "USER 1001:1001", assumed: false });
    assert.equal(userOf(facts("FROM a\nRUN adduser -D -u 4321 shop && true\nUSER shop"), "").user, 4321);
    assert.deepEqual(userOf(facts("FROM a\nUSER www-data"), ""), { user: 33, capabilities: [], because: "USER www-data: its id is not in the Dockerfile, 33 is usual", assumed: true });
    assert.match(userOf(facts("FROM a\nUSER strange"), "").because, /1000 is a guess/);
  });

  test("is root with what stepping down needs, and nothing where it stays root", () => {
    assert.deepEqual(userOf(facts("FROM debian"), "exec python3 app.py").capabilities, []);
    assert.deepEqual(userOf(facts("FROM debian\nUSER root"), 'chown app /data\nexec gosu app "$@"').capabilities, ["CHOWN", "SETUID", "SETGID"]);
    assert.deepEqual(userOf(facts("FROM docker.io/library/nginx:1.29@sha256:00"), "").capabilities, ["CHOWN", "SETUID", "SETGID"]);
    assert.deepEqual(userOf(facts("FROM mysql"), "").capabilities, ["CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE"]);
  });
});

describe("what is written", () => {
  const facts = readDockerfile('FROM debian:trixie-slim\nEXPOSE 8000\nVOLUME /var/lib/notes\nCMD ["python3", "/notes.py"]\n');
  const prepared = prepare({ facts, environment: readEnvironment({ sample: "NOTES_PASSWORD=x\nGREETING=hi\nlower=case\nDATABASE_URL=\n", image: {} }), scripts: "", port: 8000, context: "/srv/notes" });

  test("is a definition that is less hardened where the image can't bear it", async () => {
    const text = renderApp("/srv/notes", contextCode("/srv/notes", "/project", "/project/apps/notes"), prepared);
    const { default: definition } = (await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(text))}`)) as { default: AppDefinition };
    assert.deepEqual(definition, {
      context: "/srv/notes",
      web: { command: ["python3", "/notes.py"], port: 8000, health: { path: "/" } },
      database: true,
      env: { lower: "case" },
      secrets: { NOTES_PASSWORD: "named by its repository" },
      volumes: { "var-lib-notes": "/var/lib/notes" },
      unprepared: { root: true, writableRoot: true, plainSecrets: true },
    });
    for (const field of ["root", "writableRoot", "plainSecrets"]) assert.match(text, new RegExp(`^ {4}// .*\\.\\n {4}${field}: true,$`, "m"), field);
    assert.deepEqual(prepared.env, { GREETING: "hi" });
    assert.match(prepared.check.join("\n"), /secrets: NOTES_PASSWORD\./);
  });

  // What ends a line for JavaScript, ends a comment, or turns the text that a reviewer sees.
  for (const [what, sign] of [["U+2028", "\u2028"], ["U+2029", "\u2029"], ["a carriage return", "\r"], ["a line feed", "\n"], ["a vertical tab", "\v"], ["U+0085", "\u0085"], ["a direction mark", "\u202E"]] as const) {
    test(`of a hostile Dockerfile and address is no code, whatever ends their lines: ${what}`, async () => {
      const code = (field: string) => `${sign}globalThis.hostile="${field}"${sign}//`;
      const source = `https://git.invalid/a.git#1:*/globalThis.hostile="source"/*${code("folder")}`;
      for (const [line, field] of [[`USER strange${code("user")}`, "user"], [`USER 0${code("root")}`, "root"], [`ENTRYPOINT ["/start${JSON.stringify(code("start")).slice(1, -1)}", "gosu"]`, "start"], ["USER 0", "base"]] as const) {
        const hostile = readDockerfile(`FROM debian:trixie-slim\nEXPOSE 80\n${line}\nCMD ["a"]\n`);
        if (field === "base") hostile.base = `x/y${code("base")}`;
        if (field === "user") hostile.user = `strange${code("user")}`;
        if (field === "root") hostile.user = `0${code("root")}:0`;
        const environment = { ...readEnvironment({ sample: "API_SECRET=1\n", image: {} }), env: { lower: code("value"), [`key${sign}`]: "x" } };
        const found = prepare({ facts: hostile, environment, scripts: "gosu", port: 80, context: source });
        const text = renderApp(source, contextCode(source, "/project", "/project/apps/a"), found);
        const lines = text.split(/[\n\r\v\u0085\u2028\u2029\u202E]/);
        assert.equal(lines.length, text.split("\n").length, `a line that the program did not write: ${field}`);
        Reflect.deleteProperty(globalThis, "hostile");
        const { default: read } = (await import(`data:text/javascript,${encodeURIComponent(`${stripTypeScriptTypes(text)}//${field}${what}`)}`)) as { default: AppDefinition };
        assert.equal((globalThis as { hostile?: string }).hostile, undefined, field);
        assert.equal(read.context, source);
        assert.equal((read.env as Record<string, string>)["lower"], code("value"));
        assert.doesNotMatch(report(found, hostile, [`x${sign}.env`]), /[\r\v\u0085\u2028\u2029\u202E]/);
      }
    });
  }

  test("takes no value from a sample that ends a line of the stack file for some reader: the Pulumi CLI's YAML has more line ends", () => {
    const sample = `GOOD=two words\nTITLE=x\u2028  berth:docker:\u2028    ssh://evil@example.com\nOTHER="a\u0085b"\nTWO="a\nb"\n`;
    const { env, unset } = readEnvironment({ sample, image: {} });
    assert.deepEqual([env, unset.unreadable], [{ GOOD: "two words", TWO: "a\nb" }, ["OTHER", "TITLE"]]);
    const found = prepare({ facts, environment: readEnvironment({ sample, image: {} }), scripts: "", port: 8000, context: "/srv/notes" });
    assert.match(found.check.join("\n"), /OTHER, TITLE have signs in the sample that end a line or can't be seen: they are not taken over/);
  });

  test("names a folder in the project by a path from app.ts", () => {
    assert.equal(contextCode("/project/vendor/notes", "/project", "/project/apps/notes"), 'join(import.meta.dirname, "../../vendor/notes")');
    assert.match(renderApp("x", 'join(import.meta.dirname, "../x")', prepared), /^import \{ join \} from "node:path";/);
    assert.equal(contextCode("https://example.com/a.git#1", "/project", "/project/apps/a"), '"https://example.com/a.git#1"');
  });
});

describe("a source", () => {
  test("at a git address is fetched at its commit, without which the newest is named", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-source-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { encoding: "utf8" }).trim();
    writeFileSync(join(folder, "Dockerfile"), "FROM one\n");
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "one");
    const one = git("rev-parse", "HEAD");
    writeFileSync(join(folder, "Dockerfile"), "FROM two\n");
    git("commit", "-qam", "two");
    const address = "https://git.invalid/acme/My-Shop.git";
    Object.assign(process.env, { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: `url.file://${folder}.insteadOf`, GIT_CONFIG_VALUE_0: address });
    using source = await openSource(`${address}#${one}`, never);
    assert.deepEqual([source.name, source.context, readFileSync(join(source.folder, "Dockerfile"), "utf8")], ["my-shop", `${address}#${one}`, "FROM one\n"]);
    const newest = git("rev-parse", "HEAD");
    await assert.rejects(openSource(address, never), new RegExp(`has no commit: \\./berth init '${address}#${newest}'`));
    await assert.rejects(openSource(`${address}#master`, never), /has "master", which is no commit of 40 digits/);
    await assert.rejects(openSource(`${address}#${"0".repeat(40)}`, never), /at 0{40} can't be fetched/);
    await assert.rejects(openSource(`${address}#${one}:server`, never), /has no Dockerfile/);
  });

  test("at an address without .git is the same as with it, which the builder needs; one with a login is refused, and not repeated", async () => {
    await assert.rejects(openSource("https://git.invalid/acme/shop/", never), /https:\/\/git\.invalid\/acme\/shop\.git has no commit: /);
    for (const login of ["canary-token@", "me:canary-token@"]) {
      await assert.rejects(openSource(`https://${login}git.invalid/acme/shop.git#1`, never), (error: Error) => {
        assert.match(error.message, /the address of git\.invalid\/acme\/shop\.git has a login or a parameter in it/);
        assert.doesNotMatch(error.message, /canary/);
        return true;
      });
    }
    await assert.rejects(openSource("https://git.invalid/shop.git?private_token=canary#1", never), (error: Error) => !error.message.includes("canary"));
  });

  test("has a name in the shape of an application's", () => {
    for (const [path, name] of [["https://example.com/acme/My_Shop.git", "my-shop"], ["/srv/2024-notes", "notes"], ["/", "app"], [`/x/${"a".repeat(40)}`, "a".repeat(30)]]) {
      assert.equal(nameFrom(path ?? ""), name);
    }
  });

  test("is refused where it can't be built by everybody in the same way", async () => {
    await assert.rejects(openSource("git@example.com:acme/shop.git#1", never), /is not an https:\/\/ address/);
    await assert.rejects(openSource("/no/such/folder", never), /is not a folder/);
  });
});
