import type { AppDefinition } from "../../components/index.ts";
import { remove } from "../fixes.ts";
import type { Problem } from "../problems.ts";
import type { AppSettings } from "../settings.ts";

const served = ["hosts", "redirects", "paths", "ports", "middlewares", "maintenance"] as const;

/** Host names and middlewares for what serves nothing: an application without a web server, or a port that its app.ts does not name. */
export function hostProblems(stack: string, apps: [string, AppSettings][], definitions: Record<string, AppDefinition>): Problem[] {
  return apps.flatMap(([name, app]): Problem[] => {
    const [definition, file] = [definitions[name], `apps/${app.folder ?? name}/app.ts`];
    if (definition === undefined) return [];
    const given = served.filter((field) => app[field] !== undefined);
    if (definition.web === undefined) {
      return given.map((key) => {
        const field = `berth:apps.${name}.${key}`;
        return { field, value: JSON.stringify(app[key]), allowed: `nothing: ${file} has no \`web\`, so the application takes no requests`, fix: remove(stack, field) };
      });
    }
    const ports = Object.keys(definition.web.ports ?? {});
    return Object.entries(app.ports ?? {}).flatMap(([port, host]): Problem[] => {
      if (ports.includes(port)) return [];
      const field = `berth:apps.${name}.ports.${port}`;
      const allowed = ports.length === 0 ? `nothing: ${file} names no further port` : `the host name of a port that ${file} names: ${ports.join(", ")}`;
      return [{ field, value: `"${host}"`, allowed, fix: `add \`${port}\` to web.ports in ${file}, or ${remove(stack, field)}` }];
    });
  });
}
