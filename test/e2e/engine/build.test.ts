import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { hash } from "bcryptjs";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { buildAhead } from "../../../cli/deploy/build-ahead.ts";
import { types } from "../../../pulumi/resource-types.ts";
import { until } from "../eventually.ts";
import { freePort } from "../project.ts";
import { Registry } from "../servers/registry.ts";
import { SecondEngine } from "../servers/second-engine.ts";
import { differences, embedded, hasDocker, hasPulumi, pulumi } from "./engines.ts";
import { TestStack, type Item } from "./stack.ts";

const REGISTRY = "registry:2.8.3";
const PASSWORD = "canary-pw-91";
const missing = !hasDocker() || spawnSync("docker", ["image", "inspect", REGISTRY]).status !== 0 ? `Docker or the image ${REGISTRY} is not there` : false;

const CONFIG = `version: 0.1
storage: {inmemory: {}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: test, path: /etc/test-registry/htpasswd}}
`;

/** Its address. */
async function startRegistry(stack: TestStack): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const folder = join(stack.folder, "registry");
  mkdirSync(folder);
  writeFileSync(join(folder, "config.yml"), CONFIG);
  writeFileSync(join(folder, "htpasswd"), `user:${(await hash(PASSWORD, 5)).replace(/^\$2b/, "$2y")}\n`);
  const command = ["run", "-d", "--name", `${stack.prefix}-registry`, "-p", `${address}:5000`, "-v", `${folder}:/etc/test-registry:ro`, "--entrypoint", "/bin/registry", REGISTRY];
  execFileSync("docker", [...command, "serve", "/etc/test-registry/config.yml"]);
  await until(async () => (await fetch(`http://${address}/v2/`).catch(() => undefined))?.status === 401);
  return address;
}

it("builds, pushes with a login, pulls by digest, and builds again only when the context changes", { skip: missing, timeout: 180_000 }, async () => {
  const stack = new TestStack();
  try {
    const registry = await startRegistry(stack);
    const context = join(stack.folder, "context");
    mkdirSync(join(context, "src/deep"), { recursive: true });
    mkdirSync(join(context, "target"));
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nARG WHO\nLABEL who=$WHO\nCOPY . /\nCMD [\"/none\"]\n");
    writeFileSync(join(context, ".dockerignore"), "# rules\ntarget\n**/*.log\n!src/keep.log\n");
    writeFileSync(join(context, "src/deep/main.txt"), "one");
    writeFileSync(join(context, "src/keep.log"), "kept");
    writeFileSync(join(context, "src/drop.log"), "dropped");
    writeFileSync(join(context, "target/out"), "1");
    writeFileSync(join(context, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("run.sh", join(context, "alias.sh"));
    await stack.setSecrets({ password: PASSWORD });
    const registries = [{ address: registry, username: "user", password: { $secret: "password" } }];
    const items: Item[] = [
      { type: "Provider", name: "host", args: { host: "unix:///var/run/docker.sock", registryAuth: registries } },
      { type: "Build", name: "app", args: { tags: [`${registry}/${stack.prefix}/app:latest`], push: true, exec: true, context: { location: context }, buildArgs: { WHO: "me" }, registries, platforms: ["linux/amd64"] }, opts: { retainOnDelete: true } },
      { type: "RemoteImage", name: "pulled", args: { name: { $ref: "app.ref" } }, opts: { provider: "host" } },
    ];
    stack.write(items);
    const engine = embedded(stack);
    const first = await engine.up();
    assert.ok(first.ok, first.text);
    assert.ok(!(await engine.state()).includes(PASSWORD) && !first.text.includes(PASSWORD));
    assert.deepEqual((await engine.up()).changes, { same: 4 });

    writeFileSync(join(context, "target/out"), "2");
    writeFileSync(join(context, "src/drop.log"), "dropped again");
    assert.deepEqual((await engine.up()).changes, { same: 4 }, "ignored files do not count");
    writeFileSync(join(context, "src/deep/main.txt"), "two");
    const plan = await engine.preview();
    assert.deepEqual(plan.changes, { update: 1, replace: 1, same: 2 }, plan.text);
    assert.deepEqual((await engine.up()).changes, { update: 1, replace: 1, same: 2 });

    if (hasPulumi()) {
      const cli = pulumi(stack);
      execFileSync("pulumi", ["stack", "import", "--file", stack.stateFile], { cwd: stack.folder, env: stack.pulumiEnvironment(), stdio: "ignore" });
      const preview = await cli.preview();
      assert.deepEqual(preview.changes, { same: 4 }, differences(preview.text));
    }
    assert.ok((await engine.down()).ok);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
});

it("says what the build said when it fails", { skip: missing, timeout: 60_000 }, async () => {
  const stack = new TestStack();
  try {
    mkdirSync(join(stack.folder, "context"));
    writeFileSync(join(stack.folder, "context/Dockerfile"), "FROM scratch\nCOPY not-there /\n");
    stack.write([{ type: "Build", name: "app", args: { tags: [`${stack.prefix}/app:latest`], push: false, load: true, exec: true, context: { location: join(stack.folder, "context") } } }]);
    const outcome = await embedded(stack).up();
    assert.equal(outcome.ok, false);
    assert.match(outcome.text, /not-there/);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
});

it("on an engine that has none of its layers, an image begins with those in another stack's registry, and what has not changed is not compiled", { skip: missing || SecondEngine.missing(), timeout: 180_000 }, async () => {
  await using stack = new TestStack();
  await using registry = await Registry.create(`${stack.prefix}-layers`);
  await using second = await SecondEngine.create({ reaches: [registry.port], images: [lock.toolbox] });
  const dockerfile = join(stack.folder, "Dockerfile");
  const write = (what: string) => writeFileSync(dockerfile, `FROM ${lock.toolbox} AS build\nRUN echo compiling ${what} && date > /out\nFROM ${lock.toolbox}\nCOPY --from=build /out /out\n`);
  write("one");
  // As main's build with registry.cache.
  execFileSync("docker", ["buildx", "build", "--quiet", "--push", "--cache-to", "type=inline", "--tag", `${registry.host}/${stack.prefix}/shop:build`, "--file", dockerfile, stack.folder]);
  const image = {
    type: types.built,
    name: "shop-image",
    urn: "urn:pulumi:dev::berth::image",
    inputs: { context: { location: stack.folder }, dockerfile: { location: dockerfile }, tags: ["127.0.0.1:5555/shop:build"], push: true },
    protect: false,
    retainOnDelete: true,
  };
  /** What is compiled when the second engine builds it. */
  const compiled = async (layersFrom: string) => {
    const told: string[] = [];
    await using _ = await buildAhead([image], {}, { layersFrom, onEvent: ({ message = "" }) => void told.push(message) });
    return told.flatMap((message) => /: compiling (\w+)$/.exec(message)?.[1] ?? []);
  };
  const own = process.env["DOCKER_HOST"];
  process.env["DOCKER_HOST"] = second.host;
  try {
    assert.deepEqual(await compiled(`${registry.host}/${stack.prefix}`), []);
    write("another");
    assert.deepEqual(await compiled(`${registry.host}/${stack.prefix}`), ["another"]);
    write("three");
    assert.deepEqual(await compiled(`${registry.host}/nobody`), ["three"], "what is not there is passed over");
  } finally {
    if (own === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = own;
  }
});
