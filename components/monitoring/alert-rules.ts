import { stringify } from "yaml";
import { alert, type Alert } from "./alert.ts";
import { applicationAlert, ownOf, replicaAlerts, serverAlerts, targetAlerts, wantedTargets, workerAlerts } from "./application-alerts.ts";
import { backupAlerts, backupRecords, dataAlerts } from "./data-alerts.ts";
import { certificateAlerts, hostAlerts, missingCertificate } from "./host-alerts.ts";
import { logAlerts, ownAlerts } from "./own-alerts.ts";
import type { ScrapeTargets } from "./prometheus-config.ts";
import { scheduleAlerts, scheduleRecords } from "./schedule-alerts.ts";

/** What is watched beyond the parts that every stack has. */
export type Watched = Omit<ScrapeTargets, "stack" | "parts" | "alertmanager">;

/** rules.yml. */
export function renderRules(watched: Watched): string {
  const records = [...watched.schedulers.flatMap(scheduleRecords), ...(watched.backups === undefined ? [] : backupRecords)];
  return stringify({
    groups: [
      ...(records.length > 0 ? [{ name: "memory", rules: records }] : []),
      { name: "berth", rules: alertsOf(watched) },
    ],
  });
}

/** Every alert of a stack. */
export function alertsOf({ applications, schedulers, workers = [], services = [], httpsHosts = [], backups, logs = false }: Watched): Alert[] {
  return [
    // Always fires: whoever receives it knows that Prometheus and Alertmanager work, and may call somebody when it stops.
    alert("DeadMansSwitch", "none", "vector(1)", "the alerts of this stack work", "It fires all the time. When it no longer arrives, run berth status"),
    ...targetAlerts(wantedTargets({ applications, schedulers })),
    ...serverAlerts,
    ...workerAlerts(workers),
    ...services.flatMap(replicaAlerts),
    ...ownOf(applications).flatMap(({ alerts = [] }) => alerts.map(applicationAlert)),
    ...schedulers.flatMap(scheduleAlerts),
    ...dataAlerts,
    ...hostAlerts,
    ...certificateAlerts(ownOf(applications).flatMap(({ certificates }) => certificates ?? [])),
    ...httpsHosts.map(missingCertificate),
    ...(backups === undefined ? [] : backupAlerts(backups)),
    ...(logs ? logAlerts : []),
    ...ownAlerts,
  ];
}
