import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { withLogins } from "../../../../cli/images/registry-login.ts";

const logins = { "r.example.com": { username: "ada", password: "secret-of-ada" }, "open.example.com": undefined };

test("the logins are docker's for as long as it takes, and nobody else's", async () => {
  const folder = await withLogins(logins, { DOCKER_CONFIG: "/nowhere" }, (environment) => {
    const made = environment["DOCKER_CONFIG"] ?? "";
    const { auths } = JSON.parse(readFileSync(join(made, "config.json"), "utf8")) as { auths: Record<string, unknown> };
    assert.deepEqual(Object.keys(auths), ["r.example.com"]);
    return Promise.resolve(made);
  });
  assert.ok(!existsSync(folder));
});

test("where there is none, docker's own are used", async () => {
  const environment = { DOCKER_CONFIG: "/nowhere" };
  assert.equal(await withLogins({ "open.example.com": undefined }, environment, (given) => Promise.resolve(given)), environment);
});

test("they go with a process that ends at once", () => {
  const module = fileURLToPath(new URL("../../../../cli/images/registry-login.ts", import.meta.url));
  const code = `import { withLogins } from ${JSON.stringify(module)};
await withLogins(${JSON.stringify(logins)}, process.env, ({ DOCKER_CONFIG }) => { console.log(DOCKER_CONFIG); process.exit(130); });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", code], { encoding: "utf8" });
  assert.equal(status, 130, stderr);
  assert.ok(stdout.trim() !== "" && !existsSync(stdout.trim()), stdout);
});
