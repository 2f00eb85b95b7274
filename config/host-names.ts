import type { AppSettings, Settings } from "./settings.ts";

/** A host name that Traefik takes requests for, and the field that says so. */
export interface HostName {
  field: string;
  host: string;
  /** Where the name is taken below this path alone. */
  path?: string;
}

/** The host names of one application. */
export function hostNames(name: string, app: Partial<AppSettings>, domain: string): HostName[] {
  const field = `berth:apps.${name}`;
  return [
    { field: `${field}.host`, host: app.host ?? `${name}.${domain}` },
    ...(app.hosts ?? []).map((host, index) => ({ field: `${field}.hosts[${index}]`, host })),
    ...(app.redirects ?? []).map((host, index) => ({ field: `${field}.redirects[${index}]`, host })),
    ...(app.paths ?? []).map(({ host, path }, index) => ({ field: `${field}.paths[${index}]`, host, path })),
    ...Object.entries(app.ports ?? {}).map(([port, host]) => ({ field: `${field}.ports.${port}`, host })),
  ];
}

/** Those of the whole stack. */
export function allHostNames({ apps = {}, domain = "localhost", developer = {}, monitoring }: Partial<Settings>): HostName[] {
  const parts: [field: string, host: string | undefined][] = [
    ...Object.entries(developer).map(([name, host]): [string, string | undefined] => [`berth:developer.${name}`, host]),
    ["berth:monitoring.host", monitoring?.host],
    ["berth:monitoring.grafana.host", monitoring?.grafana?.host],
  ];
  return [
    ...Object.entries(apps).flatMap(([name, app]) => hostNames(name, app, domain)),
    ...parts.flatMap(([field, host]) => (host === undefined ? [] : [{ field, host }])),
  ];
}
