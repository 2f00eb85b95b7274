import type { AppDefinition } from "../../components/index.ts";
import { remove, set } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** What is for people who write code, in a stack that is not for them. */
export function developerProblems(stack: string, settings: Partial<Settings>, definitions: Record<string, AppDefinition>): Problem[] {
  const { apps = {}, environment, developer = {}, docker = "unix://" } = settings;
  const tools = Object.entries(developer).flatMap(([name, host]): Problem | [] => {
    const field = `berth:developer.${name}`;
    return host === undefined || environment === "dev" ? [] : { field, value: `"${host}"`, allowed: "nothing, but where berth:environment is dev", fix: remove(stack, field) };
  });
  const live = Object.entries(apps).flatMap(([name, app]): Problem | [] => {
    const field = `berth:apps.${name}.live`;
    if (app.live !== true) return [];
    const problem = (allowed: string, fix = remove(stack, field)) => ({ field, value: "true", allowed, fix });
    if (environment !== "dev") return problem("true only where berth:environment is dev");
    if (!docker.startsWith("unix://")) return problem(`true only with a Docker Engine on this machine, whose folders it can mount; this one is ${docker}`);
    if (definitions[name]?.live !== undefined || definitions[name] === undefined) return [];
    return problem("true only for an application whose app.ts has `live`", `add \`live\` to apps/${app.folder ?? name}/app.ts, or ${remove(stack, field)}`);
  });
  return [...tools, ...live, ...exposureProblems(stack, settings)];
}

/** Adminer takes whatever login it is given, the mail catcher asks for none, and a `live` application shows its source. */
function exposureProblems(stack: string, { apps = {}, environment, developer = {}, publish }: Partial<Settings>): Problem[] {
  if (environment !== "dev" || publish === undefined || publish.address.startsWith("127.")) return [];
  const reached = [
    ...Object.entries(developer).flatMap(([name, host]) => (host === undefined ? [] : [`berth:developer.${name}`])),
    ...Object.entries(apps).flatMap(([name, app]) => (app.live === true ? [`berth:apps.${name}.live`] : [])),
  ];
  if (reached.length === 0) return [];
  return [
    {
      field: "berth:publish.address",
      value: `"${publish.address}"`,
      allowed: `an address of the loopback, for example 127.0.0.1, beside ${reached.join(", ")}: whoever reaches it would use them`,
      fix: `${set(stack, "berth:publish.address", "127.0.0.1")}, or take those out; on a host without a screen, ssh -L ${publish.http}:127.0.0.1:${publish.http} <host> reaches it`,
    },
  ];
}
