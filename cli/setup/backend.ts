import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { Project } from "../project.ts";

export interface Backend {
  url: string;
  /** For people: why this one. */
  reason: string;
  /** Whether somebody said so; else it is the folder of this checkout, which nobody shares. */
  isNamed: boolean;
  /** Variables that give the same backend to a plain `pulumi`; empty where it uses it already. */
  variables: Record<string, string>;
}

/**
 * Where the Pulumi CLI keeps its state, so that `berth up` and a plain `pulumi up` share it: what the environment,
 * Pulumi.yaml or a login say, in Pulumi's own order, or else `.berth/state`.
 */
export function chooseBackend(project: Project, environment: NodeJS.ProcessEnv): Backend {
  const url = environment["PULUMI_BACKEND_URL"];
  if (url) return { url, reason: "PULUMI_BACKEND_URL", isNamed: true, variables: {} };
  const declared = (parse(readFileSync(join(project.folder, "Pulumi.yaml"), "utf8")) as { backend?: { url?: string } }).backend?.url;
  if (declared) return { url: declared, reason: "Pulumi.yaml", isNamed: true, variables: {} };
  const login = currentLogin(environment);
  if (login !== undefined) return { url: login, reason: "pulumi login", isNamed: true, variables: {} };
  if (environment["PULUMI_ACCESS_TOKEN"]) return { url: "https://api.pulumi.com", reason: "PULUMI_ACCESS_TOKEN", isNamed: true, variables: {} };
  const folder = join(project.folder, ".berth", "state");
  const local = `file://${folder}`;
  return { url: local, reason: "no login", isNamed: false, variables: { PULUMI_BACKEND_URL: local } };
}

/** A backend's address for people, without the password or the keys that one may carry. */
export function shownUrl(url: string): string {
  return url.replace(/(:\/\/)[^/?#@]*@/, "$1[secret]@").replace(/([?&][^=&#]*(?:key|secret|token|password|passphrase|sig)[^=&#]*=)[^&#]*/gi, "$1[secret]");
}

function currentLogin(environment: NodeJS.ProcessEnv): string | undefined {
  const home = environment["PULUMI_CREDENTIALS_PATH"] ?? environment["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const file = join(home, "credentials.json");
  if (!existsSync(file)) return undefined;
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { current?: string }).current || undefined;
  } catch {
    return undefined;
  }
}
