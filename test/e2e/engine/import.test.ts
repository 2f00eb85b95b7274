import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { it } from "node:test";
import { chooseDeployer } from "../../../cli/deploy/choose-engine.ts";
import { Project } from "../../../cli/project.ts";
import { freePort } from "../project.ts";
import { differences, embedded, hasDocker, hasPulumi, pulumi } from "./engines.ts";
import { freeSubnet, IMAGE, TestStack, type Item } from "./stack.ts";

const missing = !hasDocker() ? `Docker or the image ${IMAGE} is not there` : !hasPulumi() ? "the Pulumi CLI is not on PATH" : false;

/** Every kind of input that the project's own program gives. */
function everything(prefix: string, range: { subnet: string; gateway: string }, port: number): Item[] {
  const labels = [{ label: "berth.stack", value: "dev" }, { label: "berth.role", value: "test" }];
  return [
    { type: "Provider", name: "host", args: { host: "unix:///var/run/docker.sock", registryAuth: [{ address: "127.0.0.1:5999", username: "u", password: { $secret: "canary" } }] } },
    { type: "RemoteImage", name: "image", args: { name: IMAGE, keepLocally: true } },
    { type: "Id", name: "suffix", args: { byteLength: 4, keepers: { of: "x" } } },
    { type: "String", name: "word", args: { length: 8, special: false } },
    { type: "Password", name: "password", args: { length: 24, special: true, overrideSpecial: "-_", minUpper: 1 } },
    { type: "Network", name: "net", args: { name: `${prefix}-net`, internal: true, driver: "bridge", attachable: false, ipamConfigs: [range], labels } },
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
    { type: "Container", name: `${prefix}-port`, args: { image: IMAGE, command: ["sleep", "1000"], ports: [{ internal: 80, external: port, ip: "127.0.0.1" }], hosts: [{ host: "db", ip: "10.0.0.9" }], destroyGraceSeconds: 1, maxRetryCount: 3, restart: "on-failure" } },
    { type: "Container", name: `${prefix}-files`, args: { image: IMAGE, command: ["true"], start: false, mustRun: false, mounts: [{ type: "volume", source: { $ref: "data.name" }, target: "/data" }], uploads: [{ file: "/data/a", content: { $secret: "canary" }, permissions: "0444" }, { file: "/data/b", content: { $ref: "password.bcryptHash" } }] } },
    { type: "Container", name: `${prefix}-job`, args: { image: IMAGE, command: ["true"], attach: true, mustRun: false, logs: true, networkMode: "none" } },
  ];
}

it("hands a stack over: the CLI takes the embedded engine's state and has nothing to change, also after a refresh", { skip: missing, timeout: 240_000 }, async () => {
  const stack = new TestStack();
  try {
    await stack.setSecrets({ canary: "canary-77e1" });
    stack.write(everything(stack.prefix, await freeSubnet(), await freePort()));
    const made = await embedded(stack).up();
    assert.ok(made.ok, made.text);
    assert.ok(!(await embedded(stack).state()).includes("canary-77e1"));
    const before = stack.containers();
    const environment = { ...stack.pulumiEnvironment(), BERTH_ENGINE: "pulumi" };
    const told: string[] = [];
    const report = { step: () => ({ done: () => undefined, fail: () => undefined }), note: (text: string) => void told.push(text) };
    const options = { project: new Project(stack.folder), stack: "dev", environment, report, install: false };
    await assert.rejects(chooseDeployer(options), /--engine pulumi takes it over/);
    await chooseDeployer({ ...options, takesOver: true });
    assert.match(told.join(), /is the Pulumi CLI's now: .* backup in \.berth\/embedded\/dev\.taken-over-\S+\.json/);
    assert.ok(!existsSync(stack.stateFile), "two states claim the stack");
    const cli = pulumi(stack);
    const preview = await cli.preview();
    assert.ok(preview.ok, preview.text);
    assert.deepEqual(Object.keys(preview.changes), ["same"], differences(preview.text));
    const refreshed = await cli.refresh();
    assert.deepEqual(Object.keys(refreshed.changes), ["same"], refreshed.text.slice(-2000));
    const up = await cli.up({ refresh: true });
    assert.deepEqual(Object.keys(up.changes), ["same"], up.text.slice(-2000));
    assert.deepEqual(stack.containers(), before);
    writeFileSync(stack.stateFile, await cli.state());
    assert.deepEqual(Object.keys((await embedded(stack).up()).changes), ["same"], "and back again");
    const down = await cli.down();
    assert.ok(down.ok, down.text);
  } finally {
    await stack[Symbol.asyncDispose]();
  }
});
