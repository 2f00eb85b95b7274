import { alert, log, minute } from "./alert.ts";
import { scrapeLimits } from "./prometheus-config.ts";

/** True for 10 minutes after a counter has risen; one that appears above 0 has risen too. */
const grew = (counter: string) => `sum by (job) (increase(${counter}[10m])) > 0 or sum by (job) (${counter} unless ${counter} offset 10m) > 0`;
const lineRate = (counter: string) => `sum by (job) (rate(${counter}[5m])) > 0`;

/** Of the way that lines go to Loki. */
export const logAlerts = [
  // Refused or failed: its memory or its queue is full. Not sent: Loki would never take them.
  alert("LogsLost", "critical", ["receiver_refused", "receiver_failed", "exporter_send_failed"].map((what) => grew(`otelcol_${what}_log_records_total`)).join(" or "), "lines of containers are lost to Loki", `The newest are on the host still: ${log} <part>. Why is said by ${log} log-collector and ${log} loki`),
  alert("LogsNotStored", "warning", `${lineRate("otelcol_receiver_accepted_log_records_total")} unless ${lineRate("otelcol_exporter_sent_log_records_total")}`, "Loki takes no lines", `They wait on the collector's volume, 256 MiB at most: ${log} loki`, { for: "5m" }),
];

/** Of applications and their schedules. */
const scraped = '{job=~"(app|schedules|worker)-.+"}';
const exceeded = ["target_scrapes_exceeded_body_size_limit_total", "target_scrape_pool_exceeded_label_limits_total"].map((name) => `increase(prometheus_${name}[10m]) > 0`);

/** Of the monitoring itself. */
export const ownAlerts = [
  alert("MetricsRefused", "warning", [`scrape_samples_post_metric_relabeling${scraped} > ${scrapeLimits.sample_limit}`, ...exceeded].join(" or "), "{{ $labels.job }} brings more figures than are taken, or longer ones", `None of that scrape are kept. Which: ${log} prometheus`, { keep_firing_for: "5m" }),
  // Each new series is kept in memory for two hours or more: five applications' worth of them in 10 minutes is no deploy.
  alert("MetricsChurn", "critical", `sum by (job) (sum_over_time(scrape_series_added${scraped}[10m])) > 25000`, "{{ $labels.job }} brings new series all the time", `Prometheus will run out of memory: take metrics out of its app.ts, and look into it: ${log} <application>`),
  alert("MetricsCutShort", "warning", "increase(prometheus_tsdb_size_retentions_total[1h]) > 0", "samples are removed before their time, for lack of room", `Raise berth:monitoring.size, or find who brings so many: berth status`),
  alert("AlertsNotSent", "critical", "sum by (integration) (increase(alertmanager_notifications_failed_total[10m])) > 0", "Alertmanager could not send by {{ $labels.integration }}", `Why is in its log: ${log} alertmanager`, minute),
  alert("RulesFail", "critical", "increase(prometheus_rule_evaluation_failures_total[10m]) > 0", "Prometheus could not evaluate a rule of {{ $labels.rule_group }}", `Which is in its log: ${log} prometheus`, minute),
];
