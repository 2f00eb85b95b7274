import type { Metrics } from "../app/definition.ts";
import { alert, type Alert, log, minute } from "./alert.ts";

// No file system of the host is mounted, but /etc/hosts of each container is a file on the disk of Docker's data.
const mounted = '{mountpoint="/etc/hosts"}';
const disk = (metric: string) => `node_filesystem_${metric}_bytes${mounted}`;
// Some file systems have no fixed number of inodes, and say 0.
const inodes = `node_filesystem_files_free${mounted} / (node_filesystem_files${mounted} > 0)`;

export const hostAlerts = [
  alert("DiskAlmostFull", "critical", `${disk("avail")} / ${disk("size")} < 0.1`, "less than 10 % of the disk of Docker's data is free", "What takes it: docker system df -v", minute),
  // A quarter free, or the first hours of a new disk would alert.
  alert("DiskFullSoon", "warning", `predict_linear(${disk("avail")}[6h], 86400) < 0 and ${disk("avail")} / ${disk("size")} < 0.25`, "the disk of Docker's data will be full within a day", "What takes it: docker system df -v", { for: "15m" }),
  alert("InodesAlmostGone", "critical", `${inodes} < 0.1`, "less than 10 % of the inodes of the disk of Docker's data are free", "No file can be made without one. Images that nothing uses: docker image prune -a. What else has so many files, as root: du --inodes -x /var/lib/docker", minute),
  alert("HostMemoryLow", "warning", "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1", "less than 10 % of the host's memory is available", "Which containers have it: docker stats --no-stream", { for: "5m" }),
  // The kernel counts for the whole host: it says that a container was killed, not which.
  alert("OutOfMemory", "critical", "increase(node_vmstat_oom_kill[10m]) > 0", "the kernel has killed a process for lack of memory", "Which: docker events --since 15m --until 0s --filter event=oom"),
];

const days = (expr: string) => `(${expr} - time()) / 86400`;
const ends = "traefik_tls_certs_not_after";

/** Of the certificates that Traefik has loaded, and of those that applications have seen. */
export function certificateAlerts(seen: NonNullable<Metrics["certificates"]>[]): Alert[] {
  const all = [`min by (cn, sans) (${ends})`, ...seen.map(({ metric, label }) => `min by (${label}) (${metric})`)];
  const left = days(`(${all.join(" or ")})`);
  const whose = ["cn", ...seen.map(({ label }) => label)].map((label) => `{{ $labels.${label} }}`).join("");
  return [
    alert("CertificateExpiresSoon", "warning", `${left} < 20`, `the certificate of ${whose} ends in less than 20 days`, `It should have been renewed 30 days before: ${log} traefik`, { for: "1h" }),
    alert("CertificateExpires", "critical", `${left} < 3`, `the certificate of ${whose} ends in less than 3 days`, `Why it is not renewed: ${log} traefik`, minute),
  ];
}

/** A host name that is served by HTTPS without a certificate for it, or for all names of its domain: browsers refuse it. */
export function missingCertificate(host: string): Alert {
  const [, ...domain] = host.split(".");
  const names = [host, `*.${domain.join(".")}`].map((name) => name.replaceAll(/[.*]/g, String.raw`[$&]`));
  const none = `absent(${ends}{sans=~"(.*,)?(${names.join("|")})(,.*)?"})`;
  return alert("CertificateMissing", "critical", `label_replace(${none} and on () (up{job="traefik"} == 1), "host", "${host}", "", "")`, "there is no certificate for {{ $labels.host }}", `Browsers refuse it. Why the ACME server gave none: ${log} traefik`, { for: "10m" });
}
