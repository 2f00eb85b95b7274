import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { contextCode, renderApp } from "../../../../cli/init/app-file.ts";
import { type Found, prepare } from "../../../../cli/init/definition.ts";
import { readDockerfile } from "../../../../cli/init/dockerfile.ts";
import { readEnvironment } from "../../../../cli/init/environment.ts";
import { type ImageConfig, imageFacts } from "../../../../cli/init/image-config.ts";
import { report } from "../../../../cli/init/report.ts";
import { nameFrom, openSource } from "../../../../cli/init/source.ts";

const never = new AbortController().signal;

describe("what is written", () => {
  const foundIn = (config: ImageConfig, sample: string, more: Partial<Found> = {}): Found => {
    const facts = imageFacts(config);
    return { facts, dockerfile: readDockerfile("FROM debian:trixie-slim\nEXPOSE 8000\n"), environment: readEnvironment({ sample, image: facts.env }), user: { user: 0, group: 0 }, root: { capabilities: [] }, health: {}, port: 8000, build: { context: "/srv/notes" }, ...more };
  };
  const config: ImageConfig = { ExposedPorts: { "8000/tcp": {} }, Volumes: { "/var/lib/notes": {} }, Cmd: ["python3", "/notes.py"] };
  const prepared = prepare(foundIn(config, "NOTES_PASSWORD=x\nGREETING=hi\nlower=case\nDATABASE_URL=\n"));

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

  test("is what the image says: the command whole, the user with its group, its times, its build", () => {
    const image: ImageConfig = { Entrypoint: ["/docker-entrypoint.sh"], Cmd: ["serve"], User: "app", ExposedPorts: { "3000/tcp": {} }, Healthcheck: { Test: ["CMD", "check"], StartPeriod: 120e9, Timeout: 20e9 }, Env: ["NODE_ENV=production"] };
    const build = { context: "/srv/notes", dockerfile: "docker/Dockerfile", target: "prod", buildArgs: { REGION: "eu" } };
    const { definition, reasons, env } = prepare(foundIn(image, "API_SECRET=x\nPORT=8080\nNODE_ENV=development\n", { user: { user: 1001, group: 0 }, root: { capabilities: ["CHOWN"] }, port: 3000, build, dockerfile: readDockerfile("FROM node:24\nUSER app\n") }));
    assert.deepEqual(definition, {
      dockerfile: "docker/Dockerfile",
      target: "prod",
      buildArgs: { REGION: "eu" },
      web: { command: ["/docker-entrypoint.sh", "serve"], port: 3000, health: { path: "/", command: ["check"], wait: 210, timeout: 20 } },
      secrets: { API_SECRET: "named by its repository" },
      user: 1001,
      group: 0,
      unprepared: { writableRoot: true, plainSecrets: true },
    });
    assert.deepEqual(env, {}, "PORT of the sample would let it listen on another port than the image exposes");
    assert.equal(reasons["user"], "USER app (line 2 of the Dockerfile), 1001:0 in its /etc/passwd.");
    assert.equal(reasons["web.health"], "HEALTHCHECK of node:24.");
    assert.deepEqual(prepare(foundIn({ Cmd: ["a"] }, "PORT=8080\n", { port: 8080 })).env, { PORT: "8080" });
  });

  test("names the secrets that its build was given, and tells those that it was not", () => {
    const dockerfile = readDockerfile("FROM a\nRUN --mount=type=secret,id=npm --mount=type=secret,id=pip true\n");
    const { definition, check } = prepare(foundIn({ Cmd: ["a"] }, "", { dockerfile, build: { context: "/srv/notes", secrets: { npm: "NPM_TOKEN" } } }));
    assert.deepEqual(definition.buildSecrets, { npm: "mounted by its build" });
    assert.match(check.join("\n"), /secrets of its build: npm\. [\s\S]*its build mounts pip too, and was built without: --build-secret pip=<VARIABLE>/);
  });

  // What ends a line for JavaScript, ends a comment, or turns the text that a reviewer sees.
  for (const [what, sign] of [["U+2028", "\u2028"], ["U+2029", "\u2029"], ["a carriage return", "\r"], ["a line feed", "\n"], ["a vertical tab", "\v"], ["U+0085", "\u0085"], ["a direction mark", "\u202E"]] as const) {
    test(`of a hostile Dockerfile and address is no code, whatever ends their lines: ${what}`, async () => {
      const code = (field: string) => `${sign}globalThis.hostile="${field}"${sign}//`;
      const source = `https://git.invalid/a.git#1:*/globalThis.hostile="source"/*${code("folder")}`;
      for (const field of ["user", "root", "start", "base", "path"]) {
        const hostile = foundIn({ User: `strange${code("user")}`, Entrypoint: [`/start${code("start")}`], Cmd: ["a"], Volumes: { [`/v${code("volume")}`]: {} }, StopSignal: `X${code("signal")}`, WorkingDir: `/w${code("directory")}`, Healthcheck: { Test: ["CMD", `x${code("check")}`] } }, "API_SECRET=1\n", {
          dockerfile: { ...readDockerfile("FROM a"), base: `x/y${code("base")}`, secrets: [`s${code("secret")}`] },
          user: field === "user" ? { user: 1, group: 2 } : { user: 0, group: 0 },
          root: { capabilities: ["CHOWN"], by: `gosu${code("by")}` },
          health: { path: `/p${code("path")}` },
          build: { context: source, dockerfile: `d${code("dockerfile")}`, target: `t${code("target")}`, buildArgs: { A: code("argument") } },
        });
        hostile.environment.env = { lower: code("value"), [`key${sign}`]: "x" };
        const found = prepare(hostile);
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
    const found = prepare(foundIn(config, sample));
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

  test("may have its Dockerfile and its context elsewhere; one that is not there is told with what is", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-source-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "docker"));
    mkdirSync(join(folder, "server"));
    writeFileSync(join(folder, "docker/Dockerfile"), "FROM one\n");
    await assert.rejects(openSource(folder, never), /has no Dockerfile.* There is docker\/Dockerfile: add --dockerfile docker\/Dockerfile/);
    using whole = await openSource(folder, never, { dockerfile: "docker/Dockerfile" });
    assert.deepEqual([whole.context, whole.dockerfile], [folder, "docker/Dockerfile"]);
    using part = await openSource(folder, never, { context: "docker" });
    assert.deepEqual([part.context, part.dockerfile, part.name], [join(folder, "docker"), "Dockerfile", nameFrom(folder)]);
    using across = await openSource(folder, never, { context: "server", dockerfile: "docker/Dockerfile" });
    assert.deepEqual([across.context, across.dockerfile], [join(folder, "server"), "../docker/Dockerfile"]);
    await assert.rejects(openSource(folder, never, { dockerfile: "Dockerfile.prod" }), /--dockerfile: .*Dockerfile\.prod is not there; the path is seen from/);
    await assert.rejects(openSource(folder, never, { context: "none" }), /--context: .*none is not a folder/);
    await assert.rejects(openSource(`https://git.invalid/a.git#${"0".repeat(40)}`, never, { dockerfile: "docker/Dockerfile" }), /--dockerfile is for a folder/);
  });

  test("is refused where it can't be built by everybody in the same way", async () => {
    await assert.rejects(openSource("git@example.com:acme/shop.git#1", never), /is not an https:\/\/ address/);
    await assert.rejects(openSource("/no/such/folder", never), /is not a folder/);
  });
});
