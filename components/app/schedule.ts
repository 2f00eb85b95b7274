import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened, type Limits, type Loosening } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { shell, supercronic } from "../docker/tools.ts";
import { envList } from "./workload.ts";

export interface ScheduleArgs extends Limits {
  platform: Platform;
  /** The application or part, for labels. */
  app: string;
  /** Name of the schedule within it, for labels, for example `backup`. */
  schedule: string;
  /** Minute, hour, day of month, month, day of week, for example `0 3 * * *`. */
  cron: string;
  /** IANA name. @default "UTC" */
  timeZone?: string;
  /** Program and arguments, run without a shell of the image. */
  command: string[];
  image: pulumi.Input<string>;
  /** @default none */
  env?: Record<string, pulumi.Input<string>>;
  /** `uid:gid`. */
  user: string;
  /** Directory that the command starts in. @default the image's own */
  workingDir?: string;
  /** Those of {@link Tools} among them. */
  mounts: docker.types.input.ContainerMount[];
  networks: { name: pulumi.Input<string>; aliases?: string[] }[];
  /** Seconds that a run has to end when the container is replaced or removed. @default 60 */
  stopGrace?: number | undefined;
  loosening?: Loosening;
}

/** Port of the metrics: supercronic's own, by schedule. */
export const scheduleMetricsPort = 9746;

const crontabDirectory = "/etc/berth-schedule";

/**
 * A command that runs at times in an image that knows nothing of it: supercronic starts it, leaves out a run that is
 * due while the last one still runs, writes each result to the log and counts them in its metrics.
 *
 * The container is there all the time, stopped before it is replaced, so no two schedulers start the same run. One that
 * runs then is waited for; an engine that is itself stopped waits a minute at most.
 *
 * @example
 * new Schedule("deliver-backup", { platform, mounts: [tools.mount()], app: "deliver", schedule: "backup", cron: "15 3 * * *", command: ["deliver", "backup"], … });
 */
export class Schedule extends pulumi.ComponentResource {
  /** Its container, which is there all the time. */
  readonly container: docker.Container;

  constructor(name: string, args: ScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Schedule", name, {}, opts);
    const { platform, stopGrace = 60 } = args;
    const crontab = new Files(`${name}-crontab`, { platform, files: { crontab: renderCrontab(args) } }, { parent: this });
    const file = `${crontabDirectory}/crontab`;
    this.container = new docker.Container(
      name,
      {
        image: args.image,
        entrypoints: [supercronic],
        command: ["-json", "-passthrough-logs", "-prometheus-listen-address", `0.0.0.0:${scheduleMetricsPort}`, file],
        envs: pulumi.output({ ...args.env, TZ: args.timeZone ?? "UTC" }).apply(envList),
        user: args.user,
        workingDir: args.workingDir,
        mounts: [...(args.mounts ?? []), crontab.mount(crontabDirectory)],
        networksAdvanced: args.networks,
        labels: labelsOf(platform, `schedule-${args.schedule}`, args.app),
        ...healthGated(["CMD", supercronic, "-quiet", "-test", file], { stopGrace: Math.min(stopGrace, 60) }),
        destroyGraceSeconds: stopGrace,
        ...hardened(args, args.loosening),
        ...logged(platform, `schedule-${args.schedule}`, args.app),
      },
      // By itself the provider waits for 20 minutes.
      containerOptions(this, false, { customTimeouts: { delete: `${stopGrace + 60}s` } }),
    );
    this.registerOutputs({});
  }
}

/** The crontab of one command; its words are quoted, so no shell takes them for something else. */
export function renderCrontab({ cron, command }: Pick<ScheduleArgs, "cron" | "command">): string {
  const words = command.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`));
  return `SHELL=${shell}\n${cron} exec ${words.join(" ")}\n`;
}
