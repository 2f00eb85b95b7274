import type { Project } from "../project.ts";

/** Lets Prometheus and Alertmanager of a copy look and send each few seconds: the rules and their patience stay as they are. */
export function quickMonitoring(project: Project): void {
  const folder = "components/monitoring";
  project.edit(`${folder}/prometheus-config.ts`, '"15s"', '"3s"');
  project.edit(`${folder}/alertmanager-config.ts`, 'group_wait: "10s"', 'group_wait: "1s"');
  project.edit(`${folder}/alertmanager-config.ts`, 'group_interval: "1m"', 'group_interval: "5s"');
}
