import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "berth-login-"));
after(() => rmSync(folder, { recursive: true }));

test("beside the stack's login those of private bases stay: of a store too, which is not asked for the stack's own registry", () => {
  const [own, made] = [join(folder, "own"), join(folder, "made")];
  for (const path of [own, made]) mkdirSync(path);
  const hub = "https://index.docker.io/v1/";
  writeFileSync(join(own, "config.json"), JSON.stringify({ auths: { [hub]: {}, "base.example.com": {}, "r.example.com": {} }, credsStore: "desktop", credHelpers: { "ecr.example.com": "ecr-login", "r.example.com": "x" } }));
  const module = join(import.meta.dirname, "../../../docker/login.ts");
  // Docker's folder is the environment's of the whole process.
  const code = `import { loggedIn } from ${JSON.stringify(module)}; await loggedIn(${JSON.stringify(made)}, process.env, [{ address: "r.example.com", username: "ada", password: "p" }]);`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", code], { encoding: "utf8", env: { ...process.env, DOCKER_CONFIG: own } });
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(readFileSync(join(made, "config.json"), "utf8")), {
    auths: { [hub]: {}, "base.example.com": {}, "r.example.com": { auth: Buffer.from("ada:p").toString("base64") } },
    credHelpers: { [hub]: "desktop", "base.example.com": "desktop", "ecr.example.com": "ecr-login" },
  });
});
