// Memory of each part of a stack that runs, idle and under load, as a table in Markdown.
//   npm run bench:memory [-- stack] [seconds]     default: dev 30; load goes to 127.0.0.1 alone
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import Docker from "dockerode";
import { parse } from "yaml";
import { loadDefinitions } from "../../config/definitions.ts";
import { fields } from "../../config/settings.ts";

const [stack = "dev", seconds = "30"] = process.argv.slice(2);
const docker = new Docker();
const config = (parse(readFileSync(join(import.meta.dirname, "../..", `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> }).config;
const { http } = fields.publish.parse(config["berth:publish"]);
const domain = fields.domain.parse(config["berth:domain"]);

/** Megabytes (2^20) that each part's containers use without the page cache, and may use, by role. */
async function memory(): Promise<Map<string, { used: number; limit: number; containers: number }>> {
  const parts = new Map<string, { used: number; limit: number; containers: number }>();
  const running = await docker.listContainers({ filters: { label: [`berth.stack=${stack}`], status: ["running"] } });
  await Promise.all(
    running.map(async ({ Id, Labels }) => {
      const app = Labels["berth.app"];
      const part = app === undefined ? (Labels["berth.role"] ?? "") : `${app}/${Labels["berth.role"] ?? ""}`;
      const { memory_stats: stats } = await docker.getContainer(Id).stats({ stream: false });
      const cache = stats.stats.total_inactive_file ?? stats.stats.inactive_file;
      const before = parts.get(part) ?? { used: 0, limit: 0, containers: 0 };
      parts.set(part, { used: before.used + (stats.usage - cache) / 2 ** 20, limit: before.limit + stats.limit / 2 ** 20, containers: before.containers + 1 });
    }),
  );
  return parts;
}

/** Requests on four connections to each application for the time given; how many were answered below 500, and how many not. */
async function load(hosts: [host: string, path: string][], milliseconds: number): Promise<{ answered: number; failed: number }> {
  const end = Date.now() + milliseconds;
  const count = { answered: 0, failed: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * hosts.length });
  const once = (host: string, path: string) =>
    new Promise<void>((resolve) => {
      const sent = request({ agent, host: "127.0.0.1", port: http, path, headers: { host }, timeout: 10_000 }, (response) => {
        response.resume().on("end", () => {
          count[(response.statusCode ?? 500) < 500 ? "answered" : "failed"] += 1;
          resolve();
        });
      });
      sent.on("timeout", () => sent.destroy(new Error("no answer")));
      sent.on("error", () => {
        count.failed += 1;
        resolve();
      });
      sent.end();
    });
  const worker = async (host: string, path: string) => {
    while (Date.now() < end) await once(host, path);
  };
  await Promise.all(hosts.flatMap(([host, path]) => Array.from({ length: 4 }, () => worker(host, path))));
  agent.destroy();
  return count;
}

const apps = config["berth:apps"] as Record<string, { host?: string }>;
const definitions = await loadDefinitions(apps);
const hosts = Object.entries(definitions).flatMap(([name, { web }]): [string, string][] =>
  web === undefined ? [] : [[apps[name]?.host ?? `${name}.${domain}`, web.health.path]],
);
const idle = await memory();
const running = load(hosts, Number(seconds) * 1000);
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 800));
const busy = await memory();
const { answered, failed } = await running;
const total = { idle: 0, busy: 0, limit: 0 };
console.log("| part | containers | idle, MiB | under load, MiB | limit, MiB |\n|---|---|---|---|---|");
for (const [part, { used, containers }] of [...idle].toSorted(([a], [b]) => a.localeCompare(b))) {
  const loaded = busy.get(part) ?? { used: 0, limit: 0 };
  console.log(`| ${part} | ${containers} | ${used.toFixed(0)} | ${loaded.used.toFixed(0)} | ${loaded.limit.toFixed(0)} |`);
  total.idle += used;
  total.busy += loaded.used;
  total.limit += loaded.limit;
}
console.log(`| **all** | ${[...idle.values()].reduce((sum, { containers }) => sum + containers, 0)} | **${total.idle.toFixed(0)}** | **${total.busy.toFixed(0)}** | **${total.limit.toFixed(0)}** |`);
console.log(`\n${answered} requests answered in ${seconds} s, ${failed} not, on ${4 * hosts.length} connections; ${execFileSync("nproc", { encoding: "utf8" }).trim()} cores, load ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}`);
