import type { Metrics } from "../app/definition.ts";
import { workerLastHealthy } from "../app/worker-health.ts";
import { alert, type Alert, log, minute } from "./alert.ts";
import { applicationJob, type ReplicatedService, replicasJob, schedulerJob, type ScrapeTargets, type WatchedWorkers, workerJob } from "./prometheus-config.ts";

/** Jobs that have alerts of their own: their targets are down at times, or always. */
const counted = `{job!~"(worker|replicas)-.+"}`;

/** @param missing PromQL that gives something where a target is not there at all */
export function targetAlerts(missing: string[]): Alert[] {
  // A name that no container answers to is no target at all, so it can't be a target that is down.
  const expr = [`up${counted} == 0`, ...missing.map((selector) => `absent(up${selector})`)].join(" or ");
  return [alert("TargetMissing", "critical", expr, "{{ $labels.job }} does not answer Prometheus", "Is its container there, and healthy: berth status", minute)];
}

/** Selectors of the targets that a stack must have. */
export function wantedTargets({ applications, schedulers }: Pick<ScrapeTargets, "applications" | "schedulers">): string[] {
  return [
    ...applications.map(({ name }) => `{job="${applicationJob(name)}"}`),
    ...schedulers.flatMap(({ name, tasks }) => tasks.map((task) => `{job="${schedulerJob(name)}",task="${task.name}"}`)),
  ];
}

const requests = (filter = "") => `sum by (service) (rate(traefik_service_requests_total${filter}[5m]))`;

export const serverAlerts = [
  alert("ServerDown", "warning", "traefik_service_server_up == 0", "{{ $labels.url }} of {{ $labels.service }} fails its health check", `The other replicas serve: ${log} <application>`, minute),
  alert("ServiceDown", "critical", "max by (service) (traefik_service_server_up) == 0", "no server of {{ $labels.service }} is well", `Requests are tried on each all the same, and most fail: ${log} <application>`, minute),
  // Below one request in 10 s a single error would be the share that alerts.
  alert("ServiceErrors", "critical", `${requests('{code=~"5.."}')} / ${requests()} > 0.05 and ${requests()} > 0.1`, "more than 5 % of the requests to {{ $labels.service }} fail", `Answers of 500 and above in 5 minutes: ${log} <application>`, { for: "2m" }),
  // A crash is over in seconds, but one that comes back each few minutes is not.
  alert("RestartLoop", "critical", "sum by (job, app, role) (changes(process_start_time_seconds[15m])) > 3", "{{ $labels.job }} has started more than 3 times in 15 minutes", `Its last words are in its log: ${log}`, { keep_firing_for: "5m" }),
];

/** Seconds without a passed health check: two of them, each half a minute after the last one, were failed or never ended. */
const hung = 90;

/**
 * Whether the workers work, by their own health commands. How many there should be is not in the rules, as another number
 * must not change Prometheus.
 */
export function workerAlerts(workers: readonly WatchedWorkers[]): Alert[] {
  if (workers.length === 0) return [];
  const all = `{job=~"worker-.+"}`;
  const best = (figure: string) => `max by (job, app, role) (${figure}${all})`;
  const gone = workers.flatMap(({ name, roles }) => roles.map((role) => `absent(up{job="${workerJob(name)}",app="${name}",role="${role}"})`));
  const none = [`time() - ${best(workerLastHealthy)} > ${hung}`, `${best("up")} == 0`, ...gone].join(" or ");
  const one = `(time() - ${workerLastHealthy}${all} > ${hung} or up${all} == 0) and on (job, app, role) time() - ${best(workerLastHealthy)} <= ${hung}`;
  const ask = `berth status, then ${log} {{ $labels.app }}/{{ $labels.role }}`;
  return [
    alert("WorkerDown", "critical", none, "the {{ $labels.role }} of {{ $labels.app }} hangs or has stopped", `Its health command fails, or its container is not there: ${ask}`, minute),
    alert("WorkerReplicaDown", "warning", one, "one replica of the {{ $labels.role }} of {{ $labels.app }} hangs", `Its health command fails, and the others work: ${ask}`, minute),
  ];
}

/** Replicas of a service of the swarm, whose DNS names those that are well. Swarm starts another one itself, which takes time. */
export function replicaAlerts({ name, role, replicas }: ReplicatedService): Alert[] {
  const of = `{job="${replicasJob({ name, role })}",app="${name}",role="${role}"}`;
  const ask = "Why, on the manager: docker service ls, then docker service ps --no-trunc <service>";
  const some = alert("ReplicasMissing", "warning", `count by (job, app, role) (up${of}) < ${replicas}`, `fewer than ${replicas} replicas of the {{ $labels.role }} of {{ $labels.app }} are well`, `The others serve. ${ask}`, { for: "2m" });
  const none = alert("NoReplicas", "critical", `absent(up${of})`, "no replica of the {{ $labels.role }} of {{ $labels.app }} is well", ask, minute);
  return replicas > 1 ? [some, none] : [none];
}

/** What applications bring, once where several run from one folder. */
export function ownOf(applications: readonly Metrics[]): Metrics[] {
  const distinct = new Map(applications.map(({ alerts, certificates }) => [JSON.stringify({ alerts, certificates }), { port: 0, alerts, certificates }]));
  return [...distinct.values()];
}

export function applicationAlert({ name, severity, expr, for: wait, summary, description }: NonNullable<Metrics["alerts"]>[number]): Alert {
  return alert(name, severity, expr, summary, description, wait === undefined ? {} : { for: wait });
}
