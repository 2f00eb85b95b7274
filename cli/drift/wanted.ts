import type { StateResource } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import type { Drift } from "./finding.ts";

/** What the state says of a container, as far as it is compared. Memory is in MiB. */
export interface WantedContainer {
  name: string;
  image: string;
  /** It runs all the time; the others run to an end, or only fill a volume. */
  lasting: boolean;
  /** A job that ended badly: the next update runs it again. */
  failed: boolean;
  readOnly: boolean;
  /** Undefined where it is on none, or on another container's. */
  networks?: { name: string; aliases: string[] }[];
  /** Names of volumes. */
  volumes: string[];
  /** Targets of all mounts and temporary file systems. */
  targets: string[];
  limits: Limits;
}

/** As the program gives them; what it does not give is not compared. */
export interface Limits {
  memory?: number;
  memorySwap?: number;
  cpus?: string;
  cpuShares?: number;
  cpuSet?: string;
  restart?: string;
  maxRetryCount?: number;
}

type Props = Record<string, unknown>;

const kinds: Record<string, Drift["kind"] | undefined> = { [types.container]: "container", [types.service]: "service", [types.network]: "network", [types.volume]: "volume", [types.pulled]: "image", [types.built]: "image" };

/** The word for a resource of this type; `resource` for one that only the engine looks at. */
export function kindOf(type: string): Drift["kind"] {
  return kinds[type] ?? "resource";
}

export function wantedContainer({ inputs = {}, outputs = {} }: StateResource): WantedContainer {
  const networks = objects(inputs["networksAdvanced"]).map((network) => ({ name: text(network["name"]), aliases: texts(network["aliases"]) }));
  const mounts = objects(inputs["mounts"]);
  return {
    name: text(inputs["name"]) || text(outputs["name"]),
    image: text(inputs["image"]),
    lasting: inputs["start"] !== false && inputs["mustRun"] !== false && inputs["attach"] !== true,
    failed: inputs["attach"] === true && typeof outputs["exitCode"] === "number" && outputs["exitCode"] !== 0,
    readOnly: inputs["readOnly"] === true,
    ...(networks.length > 0 && { networks }),
    volumes: mounts.filter((mount) => mount["type"] === "volume").map((mount) => text(mount["source"])),
    targets: [...mounts.map((mount) => text(mount["target"])), ...Object.keys(props(inputs["tmpfs"]))],
    limits: {
      ...(typeof inputs["memory"] === "number" && { memory: inputs["memory"] }),
      ...(typeof inputs["memorySwap"] === "number" && { memorySwap: inputs["memorySwap"] }),
      ...(typeof inputs["cpus"] === "string" && { cpus: inputs["cpus"] }),
      ...(typeof inputs["cpuShares"] === "number" && { cpuShares: inputs["cpuShares"] }),
      ...(typeof inputs["cpuSet"] === "string" && { cpuSet: inputs["cpuSet"] }),
      ...(typeof inputs["restart"] === "string" && { restart: inputs["restart"] }),
      ...(typeof inputs["maxRetryCount"] === "number" && { maxRetryCount: inputs["maxRetryCount"] }),
    },
  };
}

/** Labels of a network or volume: as they were read back, since one that was made beforehand has its own. */
export function labelsOf({ inputs = {}, outputs = {} }: StateResource): Record<string, string> {
  const list = objects(outputs["labels"] ?? inputs["labels"]);
  return Object.fromEntries(list.map(({ label, value }) => [text(label), text(value)]));
}

function objects(value: unknown): Props[] {
  return Array.isArray(value) ? value.map(props) : [];
}

function props(value: unknown): Props {
  return typeof value === "object" && value !== null ? (value as Props) : {};
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

/** The name of a network or an image on the Docker host; of a build, `repository:tag@digest` of what it pushed. */
export function nameOnHost({ type, inputs = {}, outputs = {} }: StateResource): string {
  if (type === types.built) return text(outputs["digest"]) && `${texts(inputs["tags"])[0] ?? ""}@${text(outputs["digest"])}`;
  return text(outputs["name"]) || text(inputs["name"]);
}

/** Empty for anything but text: a secret is an object. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
