import { capabilityOf, everywhere } from "../components/docker/hardening.ts";
import { qualifiedType } from "../pulumi/urn.ts";
import { type Container, containerRule } from "./container.ts";
import { one, type Rule } from "./rule.ts";
import { volumeOptions } from "./volume-options.ts";

/** Capabilities that app.ts may name: Docker's own default ones, and two that bind to the container's own limits. Every other reaches the host. */
const grantable = new Set(
  ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "IPC_LOCK", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "SYS_NICE"].map(capabilityOf),
);

/** What separates a container from the host and from other containers. */
export const isolationRules: Rule[] = [
  containerRule({
    name: "privileged",
    description: "No container is privileged.",
    reads: ["privileged"],
    objections: ({ privileged }) => one(privileged === true, "true", "false", "take `privileged` out; a capability that it needs goes under `unprepared.capabilities` of its app.ts"),
  }),
  containerRule({
    name: "host-namespaces",
    description: "No container shares the host's network, processes, IPC or user ids, or another container's.",
    reads: ["networkMode", "pidMode", "ipcMode", "usernsMode", "cgroupnsMode"],
    objections: (container) =>
      (["networkMode", "pidMode", "ipcMode", "usernsMode", "cgroupnsMode"] as const).flatMap((mode) => {
        const value = container[mode] ?? "";
        return one(/^(host|container:.*)$/.test(value), `${mode}: ${value}`, "namespaces of its own", `take ${mode} out; containers reach each other by their networks`);
      }),
  }),
  containerRule({
    name: "default-bridge",
    description: "A container is on networks of the stack, or on none; never on Docker's default bridge, where all reach all.",
    reads: ["networkMode"],
    objections: ({ networkMode, networksAdvanced = [] }) =>
      one(
        networksAdvanced.length === 0 && networkMode !== "none" && networkMode !== "host",
        networkMode ?? "no network named",
        "networksAdvanced, or networkMode: none",
        "name its networks (components/docker/networks.ts), or networkMode: none",
      ),
  }),
  containerRule({
    name: "docker-socket",
    description: "No container reaches a Docker Engine's socket: whoever does is root on the host.",
    reads: ["mounts", "volumes"],
    of: () => true,
    objections: (container) =>
      hostPaths(container)
        .filter((path) => /(^|\/)(docker|containerd|podman|crio)[\w.-]*\.sock$/.test(path) || ["/", "/run", "/var", "/var/run", "/run/docker", "/run/containerd"].includes(path))
        .flatMap((path) => one(true, path, "no mount of it", "take the mount out; Traefik reads its routes from a file, and figures come from exporters")),
  }),
  containerRule({
    name: "host-folders",
    description: "No folder of the host is mounted, but where berth:environment is dev the source of a `live` application.",
    reads: ["mounts", "volumes"],
    of: () => true,
    objections: (container, { environment }) =>
      hostPaths(container)
        .filter((path) => environment !== "dev" || path !== container.allowance.folder)
        .flatMap((path) => one(true, path, environment === "dev" ? "volumes, and the source of a `live` application" : "volumes", "use a Volume for data and Files for configuration; `live: true` is for dev")),
  }),
  volumeOptions,
  containerRule({
    name: "devices",
    description: "No container has a device of the host.",
    reads: ["devices"],
    objections: ({ devices = [] }) => devices.flatMap(({ hostPath }) => one(true, hostPath, "none", "take `devices` out")),
  }),
  containerRule({
    name: "published-ports",
    description: "Only Traefik publishes ports; the stack's own registry and log collector do so on 127.0.0.1.",
    reads: ["ports"],
    of: () => true,
    objections: ({ subject, ports = [], publishAllPorts }) => {
      const chain = qualifiedType(subject.urn);
      if (/(^|\$)berth:index:Traefik\$[^$]*$/.test(chain) && publishAllPorts !== true) return [];
      const loopback = /(^|\$)berth:index:(Registry|LogCollector)\$[^$]*$/.test(chain);
      const open = ports.filter(({ ip = "0.0.0.0" }) => !loopback || ip !== "127.0.0.1").map(({ ip = "0.0.0.0", external = 0, internal }) => `${ip}:${external || "any"}->${internal}`);
      if (publishAllPorts === true) open.push("publishAllPorts");
      return one(open.length > 0, open.join(", "), "none: Traefik publishes, others are reached through it", "take `ports` out, and say `web: { port }` in the app.ts");
    },
  }),
  containerRule({
    name: "no-new-privileges",
    description: "No process gains privileges by a set-user-id program.",
    reads: ["securityOpts"],
    objections: ({ securityOpts = [] }) =>
      one(!gainsNothing(securityOpts), securityOpts.join(", ") || "nothing", everywhere.securityOpts.join(", "), "spread hardened() of components/docker/hardening.ts into the container"),
  }),
  containerRule({
    name: "confinement",
    description: "Docker's seccomp, AppArmor and SELinux confinement stays on.",
    reads: ["securityOpts"],
    objections: ({ securityOpts = [] }) =>
      securityOpts
        .filter(isUnconfined)
        .flatMap((option) => one(true, option, "Docker's defaults, or a profile of your own", "take it out of `securityOpts`")),
  }),
  containerRule({
    name: "capabilities",
    description: "All Linux capabilities are dropped, but those that app.ts names under `unprepared`; none with which a container is the host's root.",
    reads: ["capabilities"],
    objections: ({ capabilities: { drops = [], adds = [] } = {}, allowance }) => {
      const allowed = (allowance.capabilities ?? []).map(capabilityOf);
      const added = adds.map((name) => capabilityOf(name.toUpperCase().replace(/^CAP_/, "")));
      const extra = added.filter((name) => !allowed.includes(name) && grantable.has(name));
      const host = added.filter((name) => !grantable.has(name));
      return [
        ...one(!everywhere.drops.every((name) => drops.includes(name)), `drops ${drops.join(", ") || "nothing"}`, `drops ${everywhere.drops.join(", ")}`, "spread hardened() of components/docker/hardening.ts into the container"),
        ...one(host.length > 0, `adds ${host.join(", ")}`, [...grantable].join(", "), "take it out: with it a process leaves its container, or governs the host; no app.ts can allow it"),
        ...one(extra.length > 0, `adds ${extra.join(", ")}`, allowed.join(", ") || "none", `name it in the app.ts: unprepared: { capabilities: [${extra.map((name) => `"${name.slice(4)}"`).join(", ")}] }`),
      ];
    },
  }),
  containerRule({
    name: "read-only-root",
    description: "The root file system is read-only, but where app.ts says `unprepared.writableRoot`.",
    reads: ["readOnly"],
    objections: ({ readOnly, allowance }) =>
      one(readOnly !== true && allowance.writableRoot !== true, `readOnly: ${readOnly ?? false}`, "true", "write to volumes and to /tmp; or unprepared: { writableRoot: true } in the app.ts"),
  }),
  containerRule({
    name: "user",
    description: "A container's user is named and is not root, but where app.ts says `unprepared.root`.",
    reads: ["user"],
    objections: ({ user = "", allowance }) =>
      one(/^(|0+|root)(:.*)?$/.test(user) && allowance.root !== true, user || "the image's own", "a user id other than 0, for example 10321:10321", "give it a user; or unprepared: { root: true } in the app.ts"),
  }),
];

/** The last of these options counts, as Docker reads them. */
function gainsNothing(options: readonly string[]): boolean {
  const last = options.findLast((option) => /^no-new-privileges([=:]|$)/.test(option));
  return last !== undefined && /^no-new-privileges([=:](1|t|T|TRUE|true|True))?$/.test(last);
}

/** Switches a protection off, gives a process another SELinux type than containers have, or brings a seccomp profile that forbids nothing. */
function isUnconfined(option: string): boolean {
  const [, key = "", value = ""] = /^([\w-]+)[=:]([^]*)$/.exec(option) ?? [];
  if (key === "label") return !/^(level:.+|type:(container_t|svirt_lxc_net_t))$/.test(value);
  if (key === "writable-cgroups") return value !== "false";
  return value === "unconfined" || (key === "seccomp" && /"defaultAction"\s*:\s*"SCMP_ACT_(ALLOW|LOG|TRACE)"/.test(value));
}

/** Paths of the host that a container mounts. */
function hostPaths({ mounts = [], volumes = [] }: Container): string[] {
  const bound = mounts.filter(({ type }) => type === "bind").map(({ source = "" }) => source);
  return [...bound, ...volumes.flatMap(({ hostPath }) => hostPath ?? [])].map((path) => (path === "/" ? path : path.replace(/\/+$/, "")));
}
