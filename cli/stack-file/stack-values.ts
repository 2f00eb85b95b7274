import { readProject } from "../../pulumi/stackfile.ts";
import { Project } from "../project.ts";

/** A stack file's values as an engine hands them over; those that are encrypted stay unknown. */
export interface StackValues {
  values: Record<string, string>;
  secretKeys: string[];
}

/** Of the form of every secret that has to have one. */
const hidden = "encrypted-in-the-stack-file-and-not-read-here";

/** Whether the stack file takes values from Pulumi ESC, which only the Pulumi CLI resolves. An empty `environment` names none. */
export function takesEnvironments(folder: string, stack: string): boolean {
  const { environment } = new Project(folder).readStack(stack);
  return typeof environment === "object" && environment !== null && Object.keys(environment).length > 0;
}

export function stackValues(folder: string, stack: string): StackValues {
  const { config } = new Project(folder).readStack(stack);
  const entries = Object.entries(config ?? {}).map(([key, value]): [string, unknown] => [key.includes(":") ? key : `${readProject(folder).name}:${key}`, value]);
  return {
    values: Object.fromEntries(entries.map(([key, value]) => [key, isEncrypted(value) ? hidden : typeof value === "string" ? value : JSON.stringify(value)])),
    secretKeys: entries.filter(([, value]) => isEncrypted(value)).map(([key]) => key),
  };
}

/** Whether a value of a stack file is a secret. */
export function isEncrypted(value: unknown): value is { secure: unknown } {
  return typeof value === "object" && value !== null && "secure" in value;
}
