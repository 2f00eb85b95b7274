import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { Props } from "./values.ts";

/** A former identity of a resource: a whole URN, or the parts that differ. */
export interface AliasSpec {
  urn: string;
  name: string;
  type: string;
  project: string;
  stack: string;
  parent: string;
  noParent: boolean;
}

/** What the program wants of one resource. */
export interface Goal {
  type: string;
  name: string;
  custom: boolean;
  parent: string;
  inputs: Props;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  provider: string;
  version: string;
  protect: boolean | undefined;
  retainOnDelete: boolean | undefined;
  deleteBeforeReplace: boolean | undefined;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  additionalSecretOutputs: string[];
  aliases: AliasSpec[];
  customTimeouts: Record<string, number>;
  deletedWith: string;
}

/** Reads a registration; what it leaves unread is in options.ts. */
export function readGoal(request: RegisterResourceRequest): Goal {
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: request.getObject()?.toJavaScript() ?? {},
    dependencies: request.getDependenciesList(),
    propertyDependencies: Object.fromEntries(
      [...request.getPropertydependenciesMap().entries()].map(([key, list]) => [key, list.getUrnsList()]),
    ),
    provider: request.getProvider(),
    version: request.getVersion(),
    protect: request.hasProtect() ? request.getProtect() : undefined,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: request.getAliasesList().map(readAlias),
    customTimeouts: readTimeouts(request),
    deletedWith: request.getDeletedwith(),
  };
}

function readAlias(alias: Alias): AliasSpec {
  const spec = alias.getSpec();
  return {
    urn: alias.getUrn(),
    name: spec?.getName() ?? "",
    type: spec?.getType() ?? "",
    project: spec?.getProject() ?? "",
    stack: spec?.getStack() ?? "",
    parent: spec?.getParenturn() ?? "",
    noParent: spec?.getNoparent() ?? false,
  };
}

/** Custom timeouts in seconds, as the state has them. */
function readTimeouts(request: RegisterResourceRequest): Record<string, number> {
  const timeouts = request.getCustomtimeouts()?.toObject();
  const given = Object.entries(timeouts ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "");
  return Object.fromEntries(given.map(([key, value]) => [key.replace(/^pb_/, ""), seconds(value)]));
}

function seconds(duration: string): number {
  const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0);
}
