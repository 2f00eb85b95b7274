import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened, type Loosening } from "./hardening.ts";
import { logged } from "./logging.ts";
import { labelsOf, type Platform } from "./platform.ts";
import { redacted } from "./redacted.ts";

export interface JobArgs {
  platform: Platform;
  /** Image id or `repository:tag@digest`. */
  image: pulumi.Input<string>;
  entrypoint: pulumi.Input<string>[];
  /** @default none */
  command?: pulumi.Input<pulumi.Input<string>[]>;
  /** `NAME=value`; never a secret, use {@link Files}. @default none */
  env?: pulumi.Input<pulumi.Input<string>[]>;
  /** `uid:gid`. */
  user: string;
  /** Directory that the command starts in. @default the image's own */
  workingDir?: string;
  /** What it may do beyond the hardened default. @default nothing */
  loosening?: Loosening;
  mounts?: docker.types.input.ContainerMount[];
  /** Networks by name. @default no network at all */
  networks?: { name: pulumi.Input<string> }[];
  /** Memory in MiB. @default 128 */
  memory?: number;
  /** Processor cores. @default 0.5 */
  cpus?: number;
  /** Bound on processes of its user id, on the whole host. @default 512 */
  processes?: number;
  /** The application it works for, for its label. */
  app?: string;
  /** Seconds in which it must end; what runs longer is stopped, and has failed. @default 1800 */
  limit?: number | undefined;
  /** Whether this update leaves it as it is, so that how it ended is not looked at. @default false */
  left?: boolean;
  /** Values that it knows and may print: taken out of the message when it fails. @default none */
  secrets?: pulumi.Input<string>[];
}

/**
 * A container that runs to its end before anything that uses {@link done} goes on.
 *
 * It runs again whenever an argument changes. A non-zero exit code stops the update with the last
 * lines that it printed, and so does one that has not ended within its limit; the failed container stays for `docker logs`,
 * and `berth up` runs it again. What it printed is a secret of the state: a program may print whatever it knows.
 *
 * @example
 * const migrated = new Job("root-migrate", { platform, image, entrypoint: ["root", "migrate"], user: "10001:10001" });
 * new Workload("root", { … }, { dependsOn: migrated.done });
 */
export class Job extends pulumi.ComponentResource {
  /** The container, once it has ended with exit code 0: for `dependsOn` of what needs the job's work. */
  readonly done: pulumi.Output<docker.Container>;

  constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions & { ignoreChanges?: string[] }) {
    const { ignoreChanges, ...componentOptions } = opts ?? {};
    super("berth:index:Job", name, {}, componentOptions);
    const container = new docker.Container(
      name,
      {
        image: args.image,
        entrypoints: args.entrypoint,
        command: args.command,
        envs: args.env,
        user: args.user,
        workingDir: args.workingDir,
        mounts: args.mounts,
        ...(args.networks === undefined
          ? { networkMode: "none" }
          : { networksAdvanced: args.networks }),
        labels: labelsOf(args.platform, "job", args.app),
        attach: true,
        logs: true,
        mustRun: false,
        restart: "no",
        destroyGraceSeconds: 10,
        ...hardened({ memory: args.memory ?? 128, cpus: args.cpus, processes: args.processes }, args.loosening),
        ...logged(args.platform, "job", args.app),
      },
      // The CLI's provider stops waiting then; it leaves the container to ./berth up, which stops it.
      containerOptions(this, true, { ignoreChanges, additionalSecretOutputs: ["containerLogs"], customTimeouts: { create: `${args.limit ?? 1800}s` } }),
    );
    const { secrets = [] } = args;
    const ended = pulumi.all([container.name, container.exitCode, container.containerLogs, container.urn, pulumi.all(secrets)]);
    // What waits for it learns nothing of what it printed.
    this.done = pulumi.unsecret(
      ended.apply(([containerName, exitCode, logs, urn, known]) => {
        if (exitCode !== 0 && args.left !== true) throw new pulumi.RunError(jobFailure(name, containerName, exitCode, redacted(logs, known), urn));
        return container;
      }),
    );
    this.registerOutputs({});
  }
}

/** The message of a failed job: what failed, its last lines and how to go on. */
export function jobFailure(name: string, container: string, exitCode: number, logs: string, urn: string): string {
  const tail = logs.trimEnd().split("\n").slice(-20);
  return [
    `the job "${name}" ended with exit code ${exitCode}; nothing that waits for it was changed. Its last lines:`,
    ...tail.map((line) => `  | ${line}`),
    `All of them: docker logs ${container}`,
    `Go on: repair the cause, then run \`berth up\`, or \`pulumi up --replace '${urn}'\`.`,
  ].join("\n");
}
