import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { differences, embedded, hasDocker, hasPulumi, IMAGE, pulumi, TestStack, type Item } from "./engine-stack.ts";

const missing = !hasDocker() ? `Docker or the image ${IMAGE} is not there` : !hasPulumi() ? "the Pulumi CLI is not on PATH" : false;

/** Every kind of input that the project's own program gives. */
function everything(prefix: string): Item[] {
  const labels = [{ label: "berth.stack", value: "dev" }, { label: "berth.role", value: "test" }];
  return [
    { type: "Provider", name: "host", args: { host: "unix:///var/run/docker.sock", registryAuth: [{ address: "127.0.0.1:5999", username: "u", password: { $secret: "canary" } }] } },
    { type: "RemoteImage", name: "image", args: { name: IMAGE, keepLocally: true } },
    { type: "Id", name: "suffix", args: { byteLength: 4, keepers: { of: "x" } } },
    { type: "Password", name: "password", args: { length: 24, special: true, overrideSpecial: "-_", minUpper: 1 } },
    { type: "Network", name: "net", args: { name: `${prefix}-net`, internal: true, driver: "bridge", attachable: false, ipamConfigs: [{ subnet: "10.231.77.0/24", gateway: "10.231.77.1" }], labels } },
    { type: "Volume", name: "data", args: { name: `${prefix}-data`, driver: "local", labels }, opts: { protect: true, retainOnDelete: true } },
    { type: "Group", name: "group" },
    {
      type: "Container",
      name: `${prefix}-full`,
      opts: { parent: "group", deleteBeforeReplace: false, replaceOnChanges: ["healthcheck", "mounts", "tmpfs", "init", "#initerror"] },
      args: {
        image: { $ref: "image.repoDigest" },
        entrypoints: ["/bin/sh", "-c"],
        command: ["sleep 1000"],
        envs: ["A=1", "B=2"],
        user: "65534:65534",
        workingDir: "/tmp",
        groupAdds: ["65533"],
        readOnly: true,
        tmpfs: { "/tmp": "rw,noexec,size=16m" },
        capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
        securityOpts: ["no-new-privileges:true"],
        memory: 64,
        memorySwap: 64,
        cpus: "0.5",
        ulimits: [{ name: "nofile", soft: 1024, hard: 2048 }],
        shmSize: 32,
        logDriver: "local",
        logOpts: { "max-size": "10m", "max-file": "3" },
        labels,
        networksAdvanced: [{ name: { $ref: "net.name" }, aliases: ["full"] }],
        mounts: [{ type: "volume", source: { $ref: "data.name" }, target: "/data", readOnly: true }],
        healthcheck: { tests: ["CMD", "true"], interval: "30s", timeout: "5s", startPeriod: "10s", startInterval: "500ms", retries: 3 },
        restart: "unless-stopped",
        stopTimeout: 5,
        stopSignal: "SIGTERM",
        destroyGraceSeconds: 1,
        wait: true,
        waitTimeout: 20,
        init: true,
        sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" },
        hostname: "full",
      },
    },
    { type: "Container", name: `${prefix}-port`, args: { image: IMAGE, command: ["sleep", "1000"], ports: [{ internal: 80, external: 18931, ip: "127.0.0.1" }], hosts: [{ host: "db", ip: "10.0.0.9" }], destroyGraceSeconds: 1, maxRetryCount: 3, restart: "on-failure" } },
    { type: "Container", name: `${prefix}-files`, args: { image: IMAGE, command: ["true"], start: false, mustRun: false, mounts: [{ type: "volume", source: { $ref: "data.name" }, target: "/data" }], uploads: [{ file: "/data/a", content: { $secret: "canary" }, permissions: "0444" }, { file: "/data/b", content: "plain" }] } },
    { type: "Container", name: `${prefix}-job`, args: { image: IMAGE, command: ["true"], attach: true, mustRun: false, logs: true, networkMode: "none" } },
  ];
}

it("hands a stack over: the CLI imports the embedded engine's state and finds nothing to change", { skip: missing, timeout: 120_000 }, async () => {
  const stack = new TestStack();
  try {
    await stack.setSecrets({ canary: "canary-77e1" });
    stack.write(everything(stack.prefix));
    const made = await embedded(stack).up();
    assert.ok(made.ok, made.text);
    assert.ok(!embedded(stack).state().includes("canary-77e1"));
    const cli = pulumi(stack);
    execFileSync("pulumi", ["stack", "import", "--file", stack.stateFile], { cwd: stack.folder, env: stack.pulumiEnvironment(), stdio: "ignore" });
    const preview = await cli.preview();
    assert.ok(preview.ok, preview.text);
    assert.deepEqual(Object.keys(preview.changes), ["same"], differences(preview.text));
    const refreshed = await cli.refresh();
    assert.deepEqual(Object.keys(refreshed.changes), ["same"], refreshed.text.slice(-2000));
    const up = await cli.up();
    assert.deepEqual(Object.keys(up.changes), ["same"], up.text.slice(-2000));
    mkdirSync(join(stack.folder, "back"));
    cpSync(stack.stateFile, join(stack.folder, "back/before.json"));
    writeFileSync(stack.stateFile, cli.state());
    assert.deepEqual(Object.keys((await embedded(stack).up()).changes), ["same"], "and back again");
    const down = await cli.down();
    assert.ok(down.ok, down.text);
  } finally {
    stack.dispose();
  }
});
