/** One alert; docs/monitoring.md has what it means and the first command. */
export interface Alert {
  alert: string;
  expr: string;
  /** How long it must hold, so that one lost scrape or a deploy wakes nobody. @default at once */
  for?: string;
  /** How long it stays after `expr` no longer holds, for what is over in a moment. @default not at all */
  keep_firing_for?: string;
  labels: { severity: "critical" | "warning" | "none" };
  annotations: { summary: string; description: string };
}

/** What Prometheus works out and keeps under a name. */
export interface Recorded {
  record: string;
  expr: string;
}

export function alert(name: string, severity: Alert["labels"]["severity"], expr: string, summary: string, description: string, times: Pick<Alert, "for" | "keep_firing_for"> = {}): Alert {
  return { alert: name, expr, ...times, labels: { severity }, annotations: { summary, description } };
}

/** What an alert waits for that must not fire for one lost scrape. */
export const minute = { for: "1m" };
/** The first command of many descriptions. */
export const log = "berth logs";

/**
 * A figure that outlives what it was read from: the value of `expr` while there is one, else its own last one.
 *
 * So no rule looks further back than this, whatever Prometheus's retention, which is a day at least.
 */
export function remembered(record: string, expr: string, selector = ""): Recorded {
  return { record, expr: `${expr} or max by (app, task) (last_over_time(${record}${selector}[12h]))` };
}

/** The first value of `expr` that there was, kept as {@link remembered} is. */
export function firstOf(record: string, expr: string, selector = ""): Recorded {
  return { record, expr: `min by (app, task) (last_over_time(${record}${selector}[12h])) or ${expr}` };
}
