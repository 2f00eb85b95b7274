import type { ContainerInspectInfo, default as Docker } from "dockerode";

/** What a check looks at: a container as `docker inspect` shows it, what runs in it, and the engine. */
export interface Inspected {
  name: string;
  role: string;
  info: ContainerInspectInfo;
  processes: string[];
  engine: { swarm: string; apparmor: boolean; selinux: boolean };
}

export interface CisCheck {
  id: string;
  title: string;
  /** What the benchmark warns of; undefined where it does not. */
  warning: (container: Inspected) => string | undefined;
}

const when = (wrong: boolean, text: string) => (wrong ? text : undefined);
const sensitive = ["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr"];

/** CIS Docker Benchmark v1.6.0, section 5, by its own numbers. 5.23 and 5.24 are of `docker exec` commands, which only the host's audit log has. */
export const cisChecks: CisCheck[] = [
  { id: "5.1", title: "swarm mode is not enabled", warning: ({ engine }) => when(engine.swarm !== "inactive", `swarm is ${engine.swarm}`) },
  { id: "5.2", title: "an AppArmor profile is enabled", warning: ({ info }) => when(!info.AppArmorProfile || info.AppArmorProfile === "unconfined", `profile "${info.AppArmorProfile}"`) },
  { id: "5.3", title: "SELinux security options are set", warning: ({ info, engine }) => when(!engine.selinux || !options(info).some((option) => option.startsWith("label")), "no label") },
  { id: "5.4", title: "Linux kernel capabilities are restricted", warning: ({ info }) => when(!(info.HostConfig.CapDrop ?? []).includes("ALL") || (info.HostConfig.CapAdd ?? []).length > 0, `drops ${info.HostConfig.CapDrop}, adds ${info.HostConfig.CapAdd}`) },
  { id: "5.5", title: "privileged containers are not used", warning: ({ info }) => when(info.HostConfig.Privileged === true, "privileged") },
  { id: "5.6", title: "sensitive host system directories are not mounted", warning: ({ info }) => bound(info).find((path) => sensitive.some((folder) => path === folder || (folder !== "/" && path.startsWith(`${folder}/`)))) },
  { id: "5.7", title: "sshd is not run within containers", warning: ({ processes }) => processes.find((command) => /\bsshd\b/.test(command)) },
  { id: "5.8", title: "privileged ports are not mapped", warning: ({ info }) => published(info).find(({ port }) => port < 1024)?.text },
  { id: "5.9", title: "only needed ports are open", warning: ({ info }) => published(info)[0]?.text },
  { id: "5.10", title: "the host's network namespace is not shared", warning: ({ info }) => when(info.HostConfig.NetworkMode === "host", "host") },
  { id: "5.11", title: "memory is limited", warning: ({ info }) => when(!(Number(info.HostConfig.Memory) > 0), "no limit") },
  { id: "5.12", title: "CPU priority is set", warning: ({ info }) => when(!(Number(info.HostConfig.NanoCpus) > 0 || Number(info.HostConfig.CpuShares) > 0), "no limit") },
  { id: "5.13", title: "the root file system is mounted read-only", warning: ({ info }) => when(info.HostConfig.ReadonlyRootfs !== true, "writable") },
  { id: "5.14", title: "incoming traffic is bound to a specific host interface", warning: ({ info }) => published(info).find(({ address }) => address === "" || address === "0.0.0.0" || address === "::")?.text },
  { id: "5.15", title: "the restart policy is on-failure, 5 times", warning: ({ info: { HostConfig: { RestartPolicy: policy } } }) => when(policy?.Name !== "on-failure" || (policy.MaximumRetryCount ?? 0) > 5, policy?.Name ?? "none") },
  { id: "5.16", title: "the host's process namespace is not shared", warning: ({ info }) => when(info.HostConfig.PidMode === "host", "host") },
  { id: "5.17", title: "the host's IPC namespace is not shared", warning: ({ info }) => when(info.HostConfig.IpcMode === "host", "host") },
  { id: "5.18", title: "host devices are not exposed", warning: ({ info }) => when((info.HostConfig.Devices ?? []).length > 0, JSON.stringify(info.HostConfig.Devices)) },
  { id: "5.19", title: "the default ulimit is overwritten", warning: ({ info }) => when(!["nofile", "nproc"].every((name) => (info.HostConfig.Ulimits ?? []).some(({ Name }) => Name === name)), JSON.stringify(info.HostConfig.Ulimits)) },
  { id: "5.20", title: "mount propagation is not shared", warning: ({ info }) => info.Mounts.find(({ Propagation }) => Propagation === "shared")?.Destination },
  { id: "5.21", title: "the host's UTS namespace is not shared", warning: ({ info }) => when(info.HostConfig.UTSMode === "host", "host") },
  { id: "5.22", title: "the default seccomp profile is not disabled", warning: ({ info }) => options(info).find((option) => /^seccomp[:=]unconfined$/.test(option)) },
  { id: "5.25", title: "cgroup usage is confirmed", warning: ({ info }) => when((info.HostConfig.CgroupParent ?? "") !== "", `parent ${info.HostConfig.CgroupParent}`) },
  { id: "5.26", title: "no additional privileges can be acquired", warning: ({ info }) => when(!options(info).some((option) => /^no-new-privileges(:true)?$/.test(option)), options(info).join(", ")) },
  { id: "5.27", title: "health is checked at run time", warning: ({ info }) => when(info.State.Health === undefined, "no health check") },
  { id: "5.28", title: "the image that runs is the one that is meant", warning: ({ info }) => when(!/sha256:[0-9a-f]{64}$/.test(info.Config.Image), info.Config.Image) },
  { id: "5.29", title: "the PIDs cgroup limit is used", warning: ({ info }) => when(!(Number(info.HostConfig.PidsLimit) > 0), "no limit") },
  { id: "5.30", title: "Docker's default bridge docker0 is not used", warning: ({ info }) => when("bridge" in info.NetworkSettings.Networks, "bridge") },
  { id: "5.31", title: "the host's user namespaces are not shared", warning: ({ info }) => when(info.HostConfig.UsernsMode === "host", "host") },
  { id: "5.32", title: "the Docker socket is not mounted", warning: ({ info }) => info.Mounts.find(({ Source }) => Source.endsWith("docker.sock"))?.Source },
];

/** Every running container with `label`, as the checks want it. */
export async function inspectAll(docker: Docker, label: string): Promise<Inspected[]> {
  const { Swarm, SecurityOptions } = (await docker.info()) as { Swarm?: { LocalNodeState?: string }; SecurityOptions?: string[] };
  const has = (name: string) => (SecurityOptions ?? []).some((option) => option.startsWith(`name=${name}`));
  const engine = { swarm: Swarm?.LocalNodeState ?? "inactive", apparmor: has("apparmor"), selinux: has("selinux") };
  const running = await docker.listContainers({ filters: { label: [label] } });
  return Promise.all(
    running.map(async ({ Id, Labels }) => {
      const container = docker.getContainer(Id);
      const [info, top] = await Promise.all([container.inspect(), container.top() as Promise<{ Processes: string[][] }>]);
      return { name: info.Name.slice(1), role: Labels["berth.role"] ?? "", info, processes: top.Processes.map((row) => row.at(-1) ?? ""), engine };
    }),
  );
}

function options(info: ContainerInspectInfo): string[] {
  return info.HostConfig.SecurityOpt ?? [];
}

function bound(info: ContainerInspectInfo): string[] {
  return info.Mounts.filter(({ Type }) => Type === "bind").map(({ Source }) => Source);
}

function published(info: ContainerInspectInfo): { address: string; port: number; text: string }[] {
  const bindings = Object.values(info.NetworkSettings.Ports as Record<string, { HostIp: string; HostPort: string }[] | null>).flatMap((list) => list ?? []);
  return bindings.map(({ HostIp, HostPort }) => ({ address: HostIp, port: Number(HostPort), text: `${HostIp}:${HostPort}` }));
}
