import { capabilityOf, everywhere } from "../components/hardening.ts";
import { qualifiedType } from "../engine/urn.ts";
import { type Container, containerRule } from "./container.ts";
import { one, type Rule } from "./rule.ts";

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
        "name its networks (components/networks.ts), or networkMode: none",
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
      one(!everywhere.securityOpts.every((option) => securityOpts.includes(option)), securityOpts.join(", ") || "nothing", everywhere.securityOpts.join(", "), "spread hardened() of components/hardening.ts into the container"),
  }),
  containerRule({
    name: "confinement",
    description: "Docker's seccomp, AppArmor and SELinux confinement stays on.",
    reads: ["securityOpts"],
    objections: ({ securityOpts = [] }) =>
      securityOpts
        .filter((option) => /^(seccomp|apparmor|systempaths)[=:]unconfined$|^label[=:]disable$/.test(option))
        .flatMap((option) => one(true, option, "Docker's defaults, or a profile of your own", "take it out of `securityOpts`")),
  }),
  containerRule({
    name: "capabilities",
    description: "All Linux capabilities are dropped, but those that app.ts names under `unprepared`.",
    reads: ["capabilities"],
    objections: ({ capabilities: { drops = [], adds = [] } = {}, allowance }) => {
      const allowed = (allowance.capabilities ?? []).map(capabilityOf);
      const extra = adds.map((name) => (name.startsWith("CAP_") ? name : capabilityOf(name))).filter((name) => !allowed.includes(name));
      return [
        ...one(!everywhere.drops.every((name) => drops.includes(name)), `drops ${drops.join(", ") || "nothing"}`, `drops ${everywhere.drops.join(", ")}`, "spread hardened() of components/hardening.ts into the container"),
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

/** Paths of the host that a container mounts. */
function hostPaths({ mounts = [], volumes = [] }: Container): string[] {
  const bound = mounts.filter(({ type }) => type === "bind").map(({ source = "" }) => source);
  return [...bound, ...volumes.flatMap(({ hostPath }) => hostPath ?? [])].map((path) => (path === "/" ? path : path.replace(/\/+$/, "")));
}
