import type Dockerode from "dockerode";
import { type Command, jsonOption, stackOf, stackOption } from "../command.ts";
import { fileOf } from "../../docker/container-file.ts";
import { dockerOf } from "../docker.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { exitCodes } from "../exit.ts";
import { textOf } from "../../docker/frames.ts";
import { missedRuns, nextRun, readRuns, readTiming } from "./runs.ts";
import { duration, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

export interface ScheduleStatus {
  /** `<app>/<schedule>`. */
  schedule: string;
  cron: string;
  timeZone: string;
  /** Whether its container runs; while it does not, runs are missed. */
  running: boolean;
  /** The following four are of the container that is there now: a deploy that replaces it begins a new log. */
  lastStart?: string;
  /** `succeeded`, `failed: exit status 3` or `running`. */
  lastResult?: string;
  lastMilliseconds?: number;
  missed: string[];
  leftOut: number;
  nextRun?: string;
  since: string;
}

const role = "schedule-";
/** How far back missed runs are looked for, in milliseconds. */
const week = 7 * 24 * 3_600_000;

export const command: Command = {
  summary: "scheduled jobs: when they ran, how it ended, when they run next",
  description: [
    "Lists the schedules of a stack with cron expression, time zone, last start and result, next run, and the runs of the",
    "last seven days that were missed, as the container was stopped then. It reads the log of the container that is there",
    "now, which a deploy replaces when the application changes. Exit code 5 when a last run failed or a run was missed.",
  ].join("\n"),
  options: { stack: stackOption, json: jsonOption },
  examples: ["./berth schedules", "./berth schedules -s prod --json | jq '.schedules[] | select(.missed != [])'"],
  exits: [0, 1, 2, 3, 5],
  async run(context, parsed) {
    const { terminal } = context;
    const stack = stackOf(context, parsed);
    const docker = await dockerOf(context, stack);
    const containers = (await stackContainers(docker, stack)).filter(({ Labels }) => Labels[labels.role]?.startsWith(role));
    // One that a deploy removed meanwhile is passed over.
    const found = await Promise.all(containers.map((container) => statusOf(docker, container).catch(unlessStatus(404, 409))));
    const schedules = found.filter((schedule) => schedule !== undefined);
    const well = schedules.every(({ lastResult = "", missed, running }) => running && !lastResult.startsWith("failed") && missed.length === 0);
    if (parsed.flags["json"]) terminal.json({ stack, well, schedules });
    else if (schedules.length === 0) terminal.result(`stack "${stack}" has no schedules: \`schedules\` in an application's app.ts names them`);
    else terminal.result(scheduleTable(schedules, terminal));
    return well ? exitCodes.ok : exitCodes.unhealthy;
  },
};

export function scheduleTable(schedules: ScheduleStatus[], terminal: Pick<Terminal, "resultStyle">): string {
  const rows = schedules.map(({ schedule, cron, timeZone, lastStart, lastResult, lastMilliseconds, nextRun, missed, leftOut, since, running }) => {
    const took = lastMilliseconds === undefined ? "" : `, ${duration(lastMilliseconds)}`;
    const result = lastResult === undefined ? `none since ${since}` : `${lastResult}${took}`;
    const newest = missed.at(-1);
    const gaps = [...(newest === undefined ? [] : [`${missed.length}, last ${newest}`]), ...(leftOut === 0 ? [] : [`${leftOut} left out`])];
    return [
      schedule,
      cron,
      timeZone,
      lastStart ?? "-",
      terminal.resultStyle(lastResult?.startsWith("failed") === true ? "red" : "green", result),
      running ? (nextRun ?? "never") : terminal.resultStyle("red", "stopped"),
      gaps.length === 0 ? "-" : terminal.resultStyle(missed.length > 0 ? "red" : "yellow", gaps.join("; ")),
    ];
  });
  return table(["SCHEDULE", "CRON", "TIME ZONE", "LAST START", "RESULT", "NEXT", "MISSED"], rows);
}

async function statusOf(docker: Dockerode, info: Dockerode.ContainerInfo): Promise<ScheduleStatus> {
  const container = docker.getContainer(info.Id);
  const [{ Config, Created, State }, crontab = "", log] = await Promise.all([
    container.inspect(),
    fileOf(docker, info.Id, "/etc/berth-schedule/crontab"),
    container.logs({ stdout: true, stderr: true, follow: false }),
  ]);
  const timeZone = Config.Env.find((variable) => variable.startsWith("TZ="))?.slice(3) ?? "UTC";
  const timing = readTiming(crontab, timeZone);
  const runs = readRuns(textOf(log));
  const now = Date.now();
  const since = Date.parse(Created);
  const next = nextRun(timing, now);
  return {
    schedule: `${info.Labels[labels.app] ?? "?"}/${(info.Labels[labels.role] ?? "").slice(role.length)}`,
    ...timing,
    running: State.Running,
    ...(runs.last !== undefined && { lastStart: text(runs.last.start), lastResult: runs.last.result }),
    ...(runs.last?.end !== undefined && { lastMilliseconds: runs.last.end - runs.last.start }),
    missed: missedRuns(timing, runs, Math.max(since, now - week), now).map(text),
    leftOut: runs.leftOut.length,
    ...(next !== undefined && { nextRun: text(next) }),
    since: text(since),
  };
}

function text(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
