import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { number, objects, strings, text, texts } from "../../pulumi/inputs.ts";
import { isObject, type Props, type Value } from "../../pulumi/values.ts";

const MIB = 1024 * 1024;
const NANO = 1e9;

/** The request that makes a container, from checked inputs. Networks and uploads are separate calls. */
export function containerSpec(inputs: Props): ContainerCreateOptions {
  const ports = objects(inputs["ports"]);
  return defined({
    name: text(inputs["name"]),
    Image: text(inputs["image"]),
    Cmd: command(inputs),
    Entrypoint: texts(inputs["entrypoints"]),
    Env: texts(inputs["envs"]),
    User: text(inputs["user"]),
    WorkingDir: text(inputs["workingDir"]),
    Hostname: text(inputs["hostname"]),
    Domainname: text(inputs["domainname"]),
    Tty: inputs["tty"] === true,
    OpenStdin: inputs["stdinOpen"] === true,
    StopSignal: text(inputs["stopSignal"]),
    StopTimeout: number(inputs["stopTimeout"]),
    Labels: labels(inputs["labels"]),
    ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])),
    Healthcheck: healthcheck(inputs["healthcheck"]),
    HostConfig: hostConfig(inputs, ports),
  });
}

/** The CLI's provider refuses an empty word, in these words. */
function command(inputs: Props): string[] | undefined {
  const words = texts(inputs["command"]);
  if (words?.includes("")) throw new Error("values for command may not be empty");
  return words;
}

function hostConfig(inputs: Props, ports: Props[]): HostConfig {
  const capabilities = isObject(inputs["capabilities"]) ? inputs["capabilities"] : {};
  return defined({
    Privileged: inputs["privileged"] === true,
    RestartPolicy: { Name: text(inputs["restart"]), MaximumRetryCount: number(inputs["maxRetryCount"]) ?? 0 },
    AutoRemove: inputs["rm"] === true,
    ReadonlyRootfs: inputs["readOnly"] === true,
    LogConfig: { Type: text(inputs["logDriver"]) ?? "", Config: strings(inputs["logOpts"]) },
    Tmpfs: strings(inputs["tmpfs"]),
    Mounts: objects(inputs["mounts"]).map((mount) => ({
      Type: text(mount["type"]),
      Source: text(mount["source"]) ?? "",
      Target: text(mount["target"]),
      ReadOnly: mount["readOnly"] === true,
      ...(isObject(mount["volumeOptions"]) && { VolumeOptions: { NoCopy: mount["volumeOptions"]["noCopy"] === true, Labels: {}, DriverConfig: { Name: "", Options: {} } } }),
    })),
    PortBindings: portBindings(ports),
    ExtraHosts: objects(inputs["hosts"]).map((host) => `${text(host["host"])}:${text(host["ip"])}`),
    Ulimits: objects(inputs["ulimits"]).map((limit) => ({ Name: text(limit["name"]), Soft: number(limit["soft"]), Hard: number(limit["hard"]) })),
    CapAdd: texts(capabilities["adds"]),
    CapDrop: texts(capabilities["drops"]),
    Dns: texts(inputs["dns"]),
    SecurityOpt: texts(inputs["securityOpts"]),
    ...resources(inputs),
    ShmSize: scaled(inputs["shmSize"], MIB),
    NanoCpus: inputs["cpus"] === undefined ? undefined : Math.round(Number(inputs["cpus"]) * NANO),
    NetworkMode: text(inputs["networkMode"]),
    PidMode: text(inputs["pidMode"]),
    UsernsMode: text(inputs["usernsMode"]),
    IpcMode: text(inputs["ipcMode"]),
    CgroupParent: text(inputs["cgroupParent"]),
    Sysctls: strings(inputs["sysctls"]),
    GroupAdd: texts(inputs["groupAdds"]),
    Init: inputs["init"] === true,
  });
}

/** What Docker can change on a container that exists. */
export function resources(inputs: Props): Partial<HostConfig> {
  return defined({
    Memory: scaled(inputs["memory"], MIB),
    MemoryReservation: scaled(inputs["memoryReservation"], MIB),
    MemorySwap: scaled(inputs["memorySwap"], MIB),
    CpuShares: number(inputs["cpuShares"]),
    CpusetCpus: text(inputs["cpuSet"]),
  });
}

/** A Go duration such as `1m30s` or `500ms`, in nanoseconds. Throws for anything else. */
export function nanoseconds(duration: string): number {
  const units: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: NANO, m: 60 * NANO, h: 3600 * NANO };
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(duration)) {
    throw new Error(`duration "${duration}" is not valid; expected a form such as 500ms, 30s or 1m30s`);
  }
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0);
}

function healthcheck(value: Value | undefined): object | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const duration = (key: string): number => nanoseconds(text(value[key]) ?? "0s");
  return {
    Test: texts(value["tests"]) ?? [],
    Interval: duration("interval"),
    Timeout: duration("timeout"),
    StartPeriod: duration("startPeriod"),
    StartInterval: duration("startInterval"),
    Retries: number(value["retries"]) ?? 0,
  };
}

function portBindings(ports: Props[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const external = number(port["external"]);
    (bindings[portKey(port)] ??= []).push({ HostIp: text(port["ip"]) ?? "", HostPort: external === undefined ? "" : String(external) });
  }
  return bindings;
}

function portKey(port: Props): string {
  return `${number(port["internal"]) ?? 0}/${text(port["protocol"]) ?? "tcp"}`;
}

/** `[{label, value}]` as Docker's map. */
export function labels(value: Value | undefined): Record<string, string> {
  return Object.fromEntries(objects(value).map((item) => [text(item["label"]) ?? "", text(item["value"]) ?? ""]));
}

function scaled(value: Value | undefined, factor: number): number | undefined {
  const amount = number(value);
  return amount === undefined || amount <= 0 ? amount : amount * factor;
}

function defined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
