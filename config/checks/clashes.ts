import { BlockList } from "node:net";
import { set } from "../fixes.ts";
import { allHostNames } from "../host-names.ts";
import type { Problem } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** Two things that want the same port or the same host name. */
export function clashProblems(stack: string, settings: Partial<Settings>): Problem[] {
  const { publish, registry, logs } = settings;
  const hosts = allHostNames(settings).map(({ field, host, path = "" }): [string, string] => [field, host + path]);
  const ports: [string, string][] = [];
  if (publish !== undefined) ports.push(["berth:publish.http", String(publish.http)]);
  if (publish?.https !== undefined) ports.push(["berth:publish.https", String(publish.https)]);
  if (registry !== undefined && "port" in registry) ports.push(["berth:registry.port", String(registry.port)]);
  if (logs?.driver === "loki") ports.push(["berth:logs.port", String(logs.port)]);
  return [...clashes(stack, hosts, "a host name"), ...clashes(stack, ports, "a port"), ...overlaps(stack, settings.networks)];
}

function clashes(stack: string, taken: [string, string][], what: string): Problem[] {
  return taken.flatMap(([field, value], index) => {
    const first = taken.slice(0, index).find(([, other]) => other === value);
    if (first === undefined) return [];
    return {
      field,
      value: `"${value}", as is ${first[0]}`,
      allowed: `${what} that nothing else in the stack uses`,
      fix: set(stack, value.includes("/") ? `${field}.path` : field, value.includes("/") ? "/<another>" : "<another>"),
    };
  });
}

/** The Docker Engine refuses a network whose addresses another one has. */
function overlaps(stack: string, networks: Partial<Settings["networks"]> = {}): Problem[] {
  const { edge, monitoring } = networks;
  if (edge === undefined || monitoring === undefined) return [];
  if (!contains(edge, monitoring) && !contains(monitoring, edge)) return [];
  return [
    {
      field: "berth:networks.monitoring",
      value: `"${monitoring}", which overlaps berth:networks.edge, ${edge}`,
      allowed: "a network whose addresses no other one has",
      fix: set(stack, "berth:networks.monitoring", "<another>"),
    },
  ];
}

function contains(network: string, other: string): boolean {
  const [base = "", prefix] = network.split("/");
  const addresses = new BlockList();
  addresses.addSubnet(base, Number(prefix));
  return addresses.check(other.split("/")[0] ?? "");
}
