import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadSdk, sdkVersion } from "../../../pulumi/sdk.ts";

const root = join(import.meta.dirname, "../../..");

function file(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

test("the SDK that package.json names, and npm ci installs, is the one whose inner parts are known", () => {
  const { dependencies } = file("package.json") as { dependencies: Record<string, string> };
  const { packages } = file("package-lock.json") as { packages: Record<string, { version: string }> };
  const advice = "you move the SDK: check what pulumi/sdk.ts, pulumi/monitor.ts and pulumi/options.ts use of it, then set sdkVersion";
  assert.equal(dependencies["@pulumi/pulumi"], sdkVersion, advice);
  assert.equal(packages["node_modules/@pulumi/pulumi"]?.version, sdkVersion, advice);
});

test("its inner parts are where they are used", () => {
  const { runtime, state } = loadSdk(root);
  for (const part of ["setMockOptions", "setAllConfig", "runInPulumiStack", "disconnect"] as const) assert.equal(typeof runtime[part], "function", part);
  const settings = state.withLocalStorage(() => state.getStore().settings);
  assert.equal(typeof settings.options, "object", Object.keys(settings).join());
});

test("another version of the SDK is refused by both versions and what to do", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-sdk-"));
  try {
    const sdk = join(folder, "node_modules/@pulumi/pulumi");
    mkdirSync(sdk, { recursive: true });
    writeFileSync(join(sdk, "package.json"), JSON.stringify({ name: "@pulumi/pulumi", version: "3.271.0", main: "index.js" }));
    writeFileSync(join(sdk, "index.js"), "");
    assert.throws(() => loadSdk(folder), (error: Error) => {
      for (const part of ["3.271.0", sdkVersion, `"@pulumi/pulumi": "${sdkVersion}"`, "npm ci", "pulumi/sdk.ts"]) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      return true;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
