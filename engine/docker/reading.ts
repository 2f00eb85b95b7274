import type { ContainerInspectInfo } from "dockerode";
import { withDefaults } from "../schema.ts";
import type { Props, Value } from "../../pulumi/values.ts";
import { containerSchema } from "./schema.ts";

const MIB = 1024 * 1024;

/** Fields of the API that dockerode's types do not have. */
interface MoreConfig {
  StopSignal?: string;
  StopTimeout?: number;
}

/** What the Terraform bridge keeps of a container beside its properties: the version of the schema, and time-outs. */
export const containerMeta = '{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"update":1200000000000},"schema_version":"2"}';

/** The outputs that a container's inspection gives, under the names of pulumi-docker. */
export function containerOutputs(found: ContainerInspectInfo, inputs: Props): Props {
  const { HostConfig: host, State: state } = found;
  const config: ContainerInspectInfo["Config"] & MoreConfig = found.Config;
  const { Bridge: bridge } = found.NetworkSettings as { Bridge?: string };
  return {
    envs: [],
    hosts: [],
    labels: [],
    mounts: [],
    networksAdvanced: [],
    ports: [],
    ulimits: [],
    ...withDefaults(containerSchema, inputs),
    id: found.Id,
    domainname: config.Domainname,
    networkMode: host.NetworkMode ?? "",
    privileged: host.Privileged ?? false,
    publishAllPorts: host.PublishAllPorts ?? false,
    readOnly: host.ReadonlyRootfs ?? false,
    usernsMode: host.UsernsMode ?? "",
    ...(state.Running ? {} : { exitCode: state.ExitCode, mustRun: false }),
    bridge: bridge ?? "",
    command: config.Cmd ?? [],
    entrypoints: [config.Entrypoint ?? []].flat(),
    hostname: config.Hostname,
    init: host.Init ?? false,
    ipcMode: host.IpcMode ?? "",
    logDriver: host.LogConfig?.Type ?? "",
    networkDatas: Object.entries(found.NetworkSettings.Networks).map(([name, data]) => ({
      networkName: name,
      ipAddress: data.IPAddress,
      ipPrefixLength: data.IPPrefixLen,
      gateway: data.Gateway,
      globalIpv6Address: data.GlobalIPv6Address,
      globalIpv6PrefixLength: data.GlobalIPv6PrefixLen,
      ipv6Gateway: data.IPv6Gateway,
      macAddress: data.MacAddress,
    })),
    platform: found.Platform,
    runtime: host.Runtime ?? "",
    securityOpts: (host.SecurityOpt as string[] | null) ?? [],
    shmSize: Math.floor((host.ShmSize ?? 0) / MIB),
    stopSignal: config.StopSignal ?? "",
    stopTimeout: config.StopTimeout ?? 0,
    user: config.User,
    workingDir: config.WorkingDir,
    ...changeable(found),
  };
}

/** What can differ from the program when somebody changes a container by hand. */
export function changeable(found: ContainerInspectInfo): Props {
  const { HostConfig: host } = found;
  const cpus: Record<string, Value> = (host.NanoCpus ?? 0) > 0 ? { cpus: decimal(host.NanoCpus ?? 0) } : {};
  return {
    name: found.Name.replace(/^\//, ""),
    restart: host.RestartPolicy?.Name ?? "no",
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    memory: mib(host.Memory),
    memorySwap: mib(host.MemorySwap),
    cpuShares: host.CpuShares ?? 0,
    cpuSet: host.CpusetCpus ?? "",
    ...cpus,
  };
}

/** Zero and -1 have meanings of their own. */
function mib(bytes = 0): number {
  return bytes > 0 ? Math.floor(bytes / MIB) : bytes;
}

/** 500000000 → "0.5", 1000000000 → "1.0". */
function decimal(nano: number): string {
  const text = String(nano / 1e9);
  return text.includes(".") ? text : `${text}.0`;
}
