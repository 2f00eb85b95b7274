import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ContainerInspectInfo } from "dockerode";
import { containerFindings } from "../../../../cli/drift/container.ts";
import { type FileChange, fileFindings } from "../../../../cli/drift/files.ts";
import type { Finding } from "../../../../cli/drift/finding.ts";
import { updateRequest } from "../../../../cli/drift/limits.ts";
import { wantedContainer } from "../../../../cli/drift/wanted.ts";

const MIB = 2 ** 20;
const up = "./berth up -s prod";
const around = { volumes: new Set(["secrets"]), networks: new Set(["edge", "app"]), up };

const inputs = {
  name: "root-web-0-1a2b3c4",
  image: "ghcr.io/acme/root@sha256:1",
  start: true,
  mustRun: true,
  readOnly: true,
  memory: 64,
  memorySwap: 64,
  cpus: "0.5",
  restart: "unless-stopped",
  networkMode: "bridge",
  networksAdvanced: [{ name: "edge" }, { name: "app", aliases: ["root-metrics"] }],
  mounts: [{ type: "volume", source: "secrets", target: "/run/secrets" }],
  tmpfs: { "/tmp": "rw" },
};

function wanted(change: Record<string, unknown> = {}, outputs: Record<string, unknown> = {}) {
  return wantedContainer({ urn: "urn::root-web-0", type: "docker:index/container:Container", inputs: { ...inputs, ...change }, outputs });
}

type Change = { State?: object; HostConfig?: object; networks?: object; Name?: string; RestartCount?: number };

/** As Docker tells of the container that the inputs make, healthy. */
function found({ State = {}, HostConfig = {}, networks, Name = "/root-web-0-1a2b3c4", RestartCount = 0 }: Change = {}): ContainerInspectInfo {
  return {
    Name,
    RestartCount,
    State: { Status: "running", Running: true, Paused: false, Restarting: false, OOMKilled: false, ExitCode: 0, Health: { Status: "healthy" }, ...State },
    HostConfig: { Memory: 64 * MIB, MemorySwap: 64 * MIB, NanoCpus: 5e8, RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 }, PidsLimit: null, ...HostConfig },
    NetworkSettings: { Networks: networks ?? { edge: { Aliases: [], DNSNames: ["root-web-0-1a2b3c4"] }, app: { Aliases: ["root-metrics"], DNSNames: [] } } },
  } as unknown as ContainerInspectInfo;
}

const stopped = { Status: "exited", Running: false, ExitCode: 137 };

interface Case {
  is: string;
  expect: Partial<Finding>[];
  state?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  real?: Change | "gone";
}

/** The same cases, with what all of them have in common. */
function each(common: Partial<Finding>, list: Case[]): Case[] {
  return list.map((item) => ({ ...item, expect: item.expect.map((finding) => ({ ...finding, ...common })) }));
}

const cases: Record<string, Case[]> = {
  "harmful, set back by up": each({ harmful: true, remedy: "set-back", repair: up }, [
    { is: "stopped by hand", real: { State: stopped }, expect: [{ what: "stopped", is: "stopped, code 137" }] },
    { is: "ended for want of memory", real: { State: { ...stopped, OOMKilled: true } }, expect: [{ what: "stopped", is: "stopped, code 137, out of memory" }] },
    { is: "made and never started", real: { State: { Status: "created", Running: false } }, expect: [{ what: "stopped", is: "made and never started" }] },
    { is: "paused", real: { State: { Status: "paused", Paused: true } }, expect: [{ what: "paused" }] },
    { is: "renamed", real: { Name: "/mine" }, expect: [{ what: "renamed", is: "mine", state: "root-web-0-1a2b3c4" }] },
    { is: "taken off a network", real: { networks: { app: { Aliases: ["root-metrics"] } } }, expect: [{ what: "disconnected", network: "edge", is: "not on edge" }] },
    { is: "put on another network", real: { networks: { edge: {}, app: { Aliases: ["root-metrics"] }, bridge: {} } }, expect: [{ what: "connected", network: "bridge" }] },
    { is: "put back on its network without its name there", real: { networks: { edge: {}, app: { Aliases: null, DNSNames: ["x"] } } }, expect: [{ what: "alias", network: "app", is: "on app without the name root-metrics" }] },
    { is: "more memory", real: { HostConfig: { Memory: 100 * MIB, MemorySwap: 100 * MIB } }, expect: [{ what: "limits", is: "memory 100 MiB, 100 MiB with swap", state: "memory 64 MiB, 64 MiB with swap" }] },
    { is: "no bound of memory", real: { HostConfig: { Memory: 0, MemorySwap: -1 } }, expect: [{ what: "limits", is: "memory 0 MiB, -1 MiB with swap" }] },
    { is: "more cores", real: { HostConfig: { NanoCpus: 2e9 } }, expect: [{ what: "limits", is: "2 cores", state: "0.5 cores" }] },
    { is: "more cores by a quota", real: { HostConfig: { NanoCpus: 0, CpuQuota: 150_000, CpuPeriod: 100_000 } }, expect: [{ what: "limits", is: "1.5 cores" }] },
    { is: "no restart", real: { HostConfig: { RestartPolicy: { Name: "no" } } }, expect: [{ what: "limits", is: "restart no", state: "restart unless-stopped" }] },
    { is: "another processor", state: { cpuSet: "0" }, real: { HostConfig: { CpusetCpus: "1" } }, expect: [{ what: "limits", is: "processors 1", state: "processors 0" }] },
    { is: "renamed and stopped", real: { Name: "/mine", State: stopped }, expect: [{ what: "stopped" }, { what: "renamed" }] },
  ]),

  "harmful, made again by up": each({ harmful: true, remedy: "forget", repair: up }, [
    { is: "removed", real: "gone", expect: [{ what: "missing", state: "root-web-0-1a2b3c4 runs" }] },
    { is: "a job removed that had failed", state: { attach: true, mustRun: false }, outputs: { exitCode: 1 }, real: "gone", expect: [{ what: "missing", reason: "it failed, and must run again" }] },
    { is: "what filled a volume, with the volume", state: { start: false, mustRun: false, mounts: [{ type: "volume", source: "files", target: "/files" }] }, real: "gone", expect: [{ what: "missing" }] },
  ]),

  "harmful, replaced by up": [
    { is: "on a network that is gone", state: { networksAdvanced: [{ name: "old" }] }, real: { networks: { old: {} } }, expect: [{ what: "disconnected", harmful: true, remedy: "replace" }] },
    {
      is: "stopped, and its network gone",
      state: { networksAdvanced: [{ name: "old" }] },
      real: { State: stopped, networks: { old: {} } },
      expect: [{ what: "stopped", harmful: true, remedy: "replace" }, { what: "disconnected", harmful: true, remedy: "replace" }],
    },
  ],

  "harmful, for people to look at": [
    { is: "unhealthy", real: { State: { Health: { Status: "unhealthy" } } }, expect: [{ what: "unhealthy", harmful: true, remedy: "none", repair: "docker logs --tail 50 root-web-0-1a2b3c4; docker restart root-web-0-1a2b3c4" }] },
    { is: "restarting", real: { State: { Status: "restarting", Restarting: true, ExitCode: 3, Health: undefined } }, expect: [{ what: "restarting", is: "restarting, as it ends with code 3", harmful: true, remedy: "none" }] },
  ],

  harmless: [
    { is: "a job removed that had done its work", state: { attach: true, mustRun: false }, outputs: { exitCode: 0 }, real: "gone", expect: [{ what: "missing", harmful: false, repair: "" }] },
    { is: "what filled a volume that is there", state: { start: false, mustRun: false }, real: "gone", expect: [{ what: "missing", harmful: false }] },
    { is: "a job of another name", state: { attach: true, mustRun: false }, real: { Name: "/mine", State: stopped }, expect: [{ what: "renamed", harmful: false }] },
    { is: "restarted by Docker", real: { RestartCount: 2 }, expect: [{ what: "restarted", harmful: false }] },
    { is: "started a moment ago", real: { State: { Health: { Status: "starting" } } }, expect: [{ what: "starting", harmful: false }] },
    { is: "bounded beside the program", real: { HostConfig: { PidsLimit: 200, BlkioWeight: 10 } }, expect: [{ what: "limits", is: "at most 200 processes, disk weight 10", harmful: false }] },
  ],

  "no difference": [
    { is: "as it is to be", expect: [] },
    { is: "without a health check", real: { State: { Health: undefined } }, expect: [] },
    { is: "cores written in another way", state: { cpus: "0.50" }, expect: [] },
    { is: "a job that has ended", state: { attach: true, mustRun: false }, real: { State: { ...stopped, ExitCode: 0 }, networks: {} }, expect: [] },
    { is: "limits that the program does not give", state: { memory: undefined, memorySwap: undefined, cpus: undefined, restart: undefined }, expect: [] },
    { is: "a name by Docker's own resolver alone", real: { networks: { edge: {}, app: { Aliases: null, DNSNames: ["root-metrics"] } } }, expect: [] },
  ],
};

for (const [kind, list] of Object.entries(cases)) {
  describe(`drift of a container, ${kind}`, () => {
    for (const { is, expect, state, outputs, real } of list) {
      test(is, () => {
        const findings = containerFindings(wanted(state, outputs), real === "gone" ? undefined : found(real), around);
        assert.equal(findings.length, expect.length, JSON.stringify(findings));
        for (const [index, part] of expect.entries()) assert.deepEqual({ ...findings[index], ...part }, findings[index]);
        for (const { harmful, reason, repair } of findings) {
          assert.ok(reason.length > 0);
          assert.equal(repair !== "", harmful, "what does harm has a command, what does not has none");
        }
      });
    }
  });
}

describe("drift of files", () => {
  const changed = 0;
  const added = 1;
  const removed = 2;
  const container = { name: "web", targets: ["/run/secrets", "/etc/berth", "/tmp", "/data"] };
  const list: [is: string, changes: [kind: number, path: string][], expect: [harmful: boolean, is: string][]][] = [
    ["nothing", [], []],
    ["mount points alone", [[changed, "/run"], [added, "/run/secrets"], [changed, "/etc"], [added, "/etc/berth"]], []],
    ["what is on a mount", [[added, "/data/a"], [added, "/tmp/x"]], []],
    ["what Docker writes", [[added, "/.dockerenv"], [changed, "/etc"], [changed, "/etc/hosts"]], [[false, "added /.dockerenv, changed /etc/hosts"]]],
    ["logs and caches", [[changed, "/var"], [changed, "/var/log"], [added, "/var/log/app.log"], [added, "/app/__pycache__/a.pyc"]], [[false, "added /var/log/app.log, added /app/__pycache__/a.pyc"]]],
    ["a program changed", [[changed, "/usr"], [changed, "/usr/bin"], [changed, "/usr/bin/root"]], [[true, "changed /usr/bin/root"]]],
    ["a program added", [[changed, "/usr"], [changed, "/usr/bin"], [added, "/usr/bin/curl"]], [[true, "added /usr/bin/curl"]]],
    ["a setting removed", [[changed, "/etc"], [removed, "/etc/app.conf"]], [[true, "removed /etc/app.conf"]]],
    ["a whole folder removed", [[changed, "/app"], [removed, "/app/lib"]], [[true, "removed /app/lib"]]],
    ["data of its own", [[added, "/home/app/upload.png"]], [[false, "added /home/app/upload.png"]]],
    ["both", [[changed, "/etc/passwd"], [added, "/home/x"]], [[true, "changed /etc/passwd"], [false, "added /home/x"]]],
    ["more than can be read", Array.from({ length: 7 }, (_, index) => [added, `/usr/bin/${index}`]), [[true, "added /usr/bin/0, added /usr/bin/1, added /usr/bin/2, added /usr/bin/3, added /usr/bin/4, and 2 more"]]],
  ];
  for (const [is, changes, expect] of list) {
    test(is, () => {
      const findings = fileFindings(container, changes.map(([Kind, Path]): FileChange => ({ Kind, Path })), up);
      assert.deepEqual(findings.map((finding) => [finding.harmful, finding.is]), expect);
      for (const { harmful, repair, remedy } of findings) assert.deepEqual([repair, remedy], [harmful ? "docker stop web && docker rm web && ./berth up -s prod" : "", "none"]);
    });
  }
});

test("limits are set back by what docker update takes, and nothing that the program does not give", () => {
  const { limits } = wanted({ maxRetryCount: 3, restart: "on-failure" });
  assert.deepEqual(updateRequest(limits), { Memory: 64 * MIB, MemorySwap: 64 * MIB, NanoCpus: 5e8, RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } });
  assert.deepEqual(updateRequest({ memorySwap: -1 }), { MemorySwap: -1 });
  assert.deepEqual(updateRequest({}), {});
});

test("an input that is a secret is not compared and not told", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:canary" };
  const findings = containerFindings(wanted({ memory: secret, cpus: secret, name: secret }, { name: "root-web-0-1a2b3c4" }), found({ HostConfig: { Memory: 1 } }), around);
  assert.deepEqual(findings, []);
});
