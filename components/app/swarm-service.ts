import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { defaultTmpfs } from "../docker/hardening.ts";
import { seconds } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf } from "../docker/platform.ts";
import type { WorkloadArgs } from "./workload-args.ts";

/** Seconds from one replica of an update to the next. */
const delay = 10;
/** Seconds for which Swarm watches a new replica. */
const monitor = 5;
/** Seconds after which a version of which all replicas are there is no more rolled back. */
export const settled = delay + monitor;

type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;
type TaskSpec = Omit<docker.types.input.ServiceTaskSpec, "containerSpec"> & { containerSpec: ContainerSpec };

/**
 * A {@link WorkloadArgs workload} as a service of Docker Swarm: the same hardening and limits, replaced one by one, each new
 * replica healthy before its predecessor stops, and rolled back by Swarm itself where one is not.
 *
 * The service has no virtual IP, which takes IPVS in the kernel: DNS answers with the addresses of the healthy replicas.
 *
 * @returns The settings, and the name in DNS of the replicas of this very version.
 */
export function swarmService(args: WorkloadArgs): { settings: docker.ServiceArgs; revision: pulumi.Output<string> } {
  const { platform, role = "web", replicas = 1 } = args;
  const taskSpec = taskSpecOf(args);
  const revision = pulumi.output(taskSpec).apply((spec) => `${args.app}-${createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 12)}`);
  const careful = { parallelism: 1, monitor: duration(monitor), order: "start-first" };
  return {
    revision,
    settings: {
      labels: labelsOf(platform, role, args.app),
      // Aliases can't change without a new service; a host name can, and is in the networks' DNS as well.
      taskSpec: { ...taskSpec, containerSpec: { ...taskSpec.containerSpec, hostname: revision } },
      mode: { replicated: { replicas } },
      updateConfig: { ...careful, delay: duration(delay), failureAction: "rollback" },
      rollbackConfig: { ...careful, failureAction: "pause" },
      endpointSpec: { mode: "dnsrr" },
      convergeConfig: { delay: "1s", timeout: duration(patienceOf(args)) },
    },
  };
}

/** Seconds in which all replicas of a new version must be there, one after the other. */
export function patienceOf({ replicas = 1, healthWait = 60, stopGrace = 30 }: WorkloadArgs): number {
  return 180 + replicas * (healthWait + stopGrace + delay);
}

function taskSpecOf(args: WorkloadArgs): TaskSpec {
  const { platform, role = "web", stopGrace = 30, healthWait = 60, healthTimeout = 5, loosening = {}, memory, cpus = 0.5 } = args;
  const { logDriver, logOpts } = logged(platform, role, args.app);
  const [nanoCpus, memoryBytes] = [Math.round(cpus * 1e9), memory * 1024 ** 2];
  return {
    containerSpec: {
      image: args.image,
      commands: args.entrypoint,
      args: args.command,
      env: args.env,
      user: args.user,
      dir: args.workingDir,
      labels: labelsOf(platform, role, args.app),
      readOnly: loosening.writableRoot !== true,
      capDrops: ["ALL"],
      capAdds: loosening.capabilities?.map((name) => `CAP_${name}`),
      mounts: Object.entries(loosening.tmpfs ?? defaultTmpfs).map(([target, size]) => ({ type: "tmpfs", target, tmpfsOptions: { sizeBytes: size * 1024 ** 2 } })),
      // Services know no other interval for the start, so this is how soon one serves. Swarm ends what is not well, so it
      // asks for a minute: a database that is away for less must not take the application with it.
      healthcheck: { tests: ["CMD", ...args.health], interval: "5s", timeout: duration(healthTimeout), startPeriod: duration(healthWait), retries: 12 },
      stopGracePeriod: duration(stopGrace),
      secrets: (args.files ?? []).flatMap(({ files, target }) => files.secrets(target)),
    },
    resources: {
      limits: { nanoCpus, memoryBytes },
      // What a node must have left; half, since replicas are seldom busy all at once.
      reservation: { nanoCpus: nanoCpus / 2, memoryBytes: memoryBytes / 2 },
    },
    // Without a bound: a database that is away for longer than a few attempts must not leave an application down for ever.
    // An update that fails is rolled back all the same, as Swarm counts its failures apart. The provider reads a window back
    // where none was given, so one is.
    restartPolicy: { condition: args.maxRestarts === undefined ? "any" : "on-failure", delay: "5s", maxAttempts: args.maxRestarts ?? 0, window: "2m" },
    networksAdvanceds: args.networks.map(({ id, aliases }) => ({ id, aliases })),
    logDriver: { name: logDriver as string, options: logOpts as Record<string, string> },
  };
}

/** A duration as the provider reads it back of a service, so that a preview shows no change: `30s`, `2m`, `1m30s`, `1h`. */
export function duration(total: number): string {
  return seconds(total).replace(/m0s$/, "m").replace(/h0m$/, "h");
}
