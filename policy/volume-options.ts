import { types } from "../pulumi/resource-types.ts";
import { containerInputs } from "./container.ts";
import { always, one, type Rule, type Subject, unknown } from "./rule.ts";

interface Driver {
  driver?: unknown;
  options?: unknown;
}

/** The local driver mounts whatever its options say, `/` of the host too: a volume would be a way around `host-folders`. */
export const volumeOptions: Rule = {
  name: "volume-options",
  description: "A volume is a folder of Docker's own, memory or a network share: no option makes it a folder or device of the host.",
  level: always,
  check: (subject) =>
    driversOf(subject).flatMap(({ driver, options }) => {
      const told = optionsOf(options);
      const text = Object.entries(told).map((pair) => pair.join("=")).join(", ");
      return [
        ...one(driver !== undefined && driver !== unknown && driver !== "" && driver !== "local", `driver ${String(driver)}`, "local", "take `driver` out: a plugin mounts what it likes"),
        ...one(!isHarmless(told), text, "no options; type=tmpfs, or a share by type=nfs or cifs", "take `driverOpts` out: data goes to a Volume, configuration to Files"),
      ];
    }),
};

/** Those of a volume, or of the volumes that a container makes by naming them. */
function driversOf(subject: Subject): Driver[] {
  if (subject.type === types.volume) return [{ driver: subject.inputs["driver"], options: subject.inputs["driverOpts"] }];
  const mounts = containerInputs(subject)?.["mounts"];
  if (!Array.isArray(mounts)) return [];
  return (mounts as { volumeOptions?: Record<string, unknown> }[]).flatMap(({ volumeOptions: of }) =>
    of === undefined ? [] : [{ driver: of["driverName"], options: of["driverOptions"] }],
  );
}

function optionsOf(options: unknown): Record<string, string> {
  return typeof options === "object" && options !== null ? (options as Record<string, string>) : {};
}

function isHarmless(options: Record<string, string>): boolean {
  if (Object.keys(options).length === 0) return true;
  const { type, o = "", device = "" } = options;
  if (/(^|,)r?bind(,|$)/.test(o)) return false;
  if (type === "tmpfs") return true;
  return /^(nfs4?|cifs)$/.test(type ?? "") && !/^\/(?!\/)/.test(device);
}
