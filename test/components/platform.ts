import * as docker from "@pulumi/docker";
import type { Platform } from "../../components/docker/platform.ts";
import type { Recorded } from "./recorder.ts";

/** The platform that components are tested with. */
export const platform: Platform = {
  prefix: "berth-test",
  labels: { "berth.stack": "test" },
  image: (role) => `${role}@sha256:1`,
  logs: { driver: "json-file", size: 10, files: 3 },
};

/** The labels that a part must have, as the provider takes them: sorted by name. */
export function labels(role: string, app?: string): { label: string; value: string }[] {
  return [
    ...(app === undefined ? [] : [{ label: "berth.app", value: app }]),
    { label: "berth.role", value: role },
    { label: "berth.stack", value: "test" },
  ];
}

/** The settings that a container must have, written down apart from components/docker/hardening.ts and components/docker/logging.ts. */
export function hardening(expected: { memory: number; cpus?: string; processes?: number; adds?: string[]; tmpfs?: Record<string, string> }) {
  const { memory, cpus = "0.5", processes = 512, adds = [], tmpfs = { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" } } = expected;
  return {
    readOnly: true,
    tmpfs,
    capabilities: { drops: ["ALL"], adds },
    securityOpts: ["no-new-privileges:true"],
    memory,
    memorySwap: memory,
    cpus,
    ulimits: [
      { name: "nproc", soft: processes, hard: processes },
      { name: "nofile", soft: 16_384, hard: 16_384 },
    ],
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" },
  };
}

/** The settings of every job. */
export const onceSettings = { attach: true, logs: true, mustRun: false, restart: "no", destroyGraceSeconds: 10 };

/** The health check of every part of a stack. */
export function health(tests: string[], startPeriod = "1m0s") {
  return { tests, interval: "30s", timeout: "5s", startPeriod, startInterval: "500ms", retries: 3 };
}

/** The volume of a {@link Files} component of the mocks. */
export function filesVolume(name: string): string {
  return `berth-test-${name}-${Buffer.from(`${name}-version`).toString("hex").slice(0, 8)}`;
}

/** Options for a component: the provider that its children must be given. */
export function onHost(): { provider: docker.Provider } {
  return { provider: new docker.Provider("host", { host: "unix:///test.sock" }) };
}

/** The one custom resource of a type and a name. */
export function child(resources: Recorded[], type: string, name: string): Recorded {
  const found = resources.filter((resource) => resource.type.split(":").at(-1) === type && !resource.type.startsWith("berth:") && resource.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} of ${type} ${name} among ${resources.map((r) => `${r.type} ${r.name}`).join("; ")}`);
  return found[0];
}

/** `Type name` of every custom resource but providers, sorted. */
export function customs(resources: Recorded[]): string[] {
  return resources
    .filter(({ type }) => !type.startsWith("berth:") && !type.startsWith("pulumi:"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .toSorted();
}
