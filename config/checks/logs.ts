import type { Settings } from "../settings.ts";

/** What an operator should know of a log driver that works, but not always. */
export function logWarnings({ logs }: Pick<Settings, "logs">): string[] {
  if (logs.driver !== "syslog" || logs.address.startsWith("udp:")) return [];
  return [`berth:logs.address is ${logs.address}: while that server is away no container starts, not even again after a crash. udp:// and the driver fluentd have no such need (docs/logs.md).`];
}
