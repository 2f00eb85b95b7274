import { alert, type Alert, firstOf, log, type Recorded, remembered } from "./alert.ts";
import type { Scheduler } from "./prometheus-config.ts";

/** True for about a minute after a counter has risen; one that appears with 1 has risen too. */
const rose = (counter: string) => `max by (app, task) (${counter} > (${counter} offset 1m) or (${counter} == 1 unless ${counter} offset 1m))`;

const lastSuccess = "berth_schedule_last_success_timestamp_seconds";
const watchedSince = "berth_schedule_watched_since_timestamp_seconds";
const selector = (app: string, task: string) => `{app="${app}",task="${task}"}`;

/** When the schedules that may be late succeeded last, beyond the life of the container that counted it, and since when each is watched. */
export function scheduleRecords({ name, tasks }: Scheduler): Recorded[] {
  return tasks.flatMap(({ name: task, alertAfter }) => {
    const of = selector(name, task);
    if (alertAfter === undefined) return [];
    return [
      remembered(lastSuccess, `(0 * ${rose(`supercronic_successful_executions${of}`)} + time())`, of),
      firstOf(watchedSince, `(0 * max by (app, task) (up${of}) + time())`, of),
    ];
  });
}

export function scheduleAlerts({ name, tasks }: Scheduler): Alert[] {
  const look = `Its last runs: berth schedules; what they said: ${log} {{ $labels.app }}`;
  return tasks.flatMap(({ name: task, alertAfter }) => {
    const of = selector(name, task);
    const failed = alert("ScheduleFailed", "warning", rose(`supercronic_failed_executions${of}`), "the schedule {{ $labels.task }} of {{ $labels.app }} has failed", look, { keep_firing_for: "15m" });
    if (alertAfter === undefined) return failed;
    // Watched for that long, and no success in it: a new stack has time for the first run, and a deploy starts no new wait.
    const expr = `time() - ${lastSuccess}${of} > ${alertAfter} or (time() - ${watchedSince}${of} > ${alertAfter} unless ${lastSuccess}${of})`;
    return [failed, alert("ScheduleLate", "critical", expr, "the schedule {{ $labels.task }} of {{ $labels.app }} has not succeeded for too long", look)];
  });
}
