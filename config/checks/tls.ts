import { X509Certificate } from "node:crypto";
import type { AppDefinition } from "../../components/index.ts";
import { remove, set } from "../fixes.ts";
import { allHostNames } from "../host-names.ts";
import { readPem } from "../pem.ts";
import type { Problem, RawConfig } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** HTTPS without what it needs, what it needs without HTTPS, and authorities that are none. */
export function tlsProblems({ stack, values }: RawConfig, settings: Partial<Settings>, definitions: Record<string, AppDefinition>): Problem[] {
  const { publish, tls, monitoring } = settings;
  const mail = monitoring?.alerts?.mail?.caCertificate;
  const authority = mail === undefined ? [] : authorityProblems(stack, "berth:monitoring.alerts.mail.caCertificate", mail);
  return [...authority, ...httpsProblems({ stack, values }, { publish, tls }), ...nameProblems({ stack, values }, settings, definitions)];
}

/** Host names that Let's Encrypt, which asks the world's DNS, has no certificate for. */
function nameProblems({ stack, values }: Pick<RawConfig, "stack" | "values">, settings: Partial<Settings>, definitions: Record<string, AppDefinition>): Problem[] {
  const { apps = {}, publish, tls } = settings;
  if (publish?.https === undefined || tls === undefined || !/^https:\/\/[^/]*\.letsencrypt\.org\//.test(tls.server)) return [];
  const serving = Object.fromEntries(Object.entries(apps).filter(([name]) => definitions[name]?.web !== undefined));
  const wanting = allHostNames({ ...settings, apps: serving }).filter(({ host }) => !/\.(?!(localhost|local|internal|test|invalid)$)[^.]+$/.test(host));
  const own = wanting.filter(({ field }) => !/^berth:apps\.[^.]+\.host$/.test(field) || apps[field.split(".")[1] ?? ""]?.host !== undefined);
  const otherwise = `, or ${set(stack, "berth:tls.server", "<directory of a private ACME server>")}, or ${remove(stack, "berth:publish.https")} and ${remove(stack, "berth:tls")}`;
  const domain = (given: string | undefined): Problem => ({
    field: "berth:domain",
    value: given === undefined ? "nothing" : `"${given}"`,
    allowed: "a domain that the world's DNS leads here, for example example.com: Let's Encrypt proves each name by it",
    fix: `pulumi config set -s ${stack} berth:domain <domain>${otherwise}`,
  });
  return [
    ...(own.length < wanting.length ? [domain(values["berth:domain"])] : []),
    ...own.map(({ field, host, path }): Problem => ({ field, value: `"${host}"`, allowed: "a name that the world's DNS leads here: Let's Encrypt proves each name by it", fix: `${set(stack, path === undefined ? field : `${field}.host`, "<name>")}${otherwise}` })),
  ];
}

function httpsProblems({ stack, values }: Pick<RawConfig, "stack" | "values">, { publish, tls }: Partial<Settings>): Problem[] {
  if (publish?.https !== undefined && values["berth:tls"] === undefined) {
    return [
      {
        field: "berth:tls",
        value: "nothing",
        allowed: "the account that certificates for berth:publish.https are asked for with",
        fix: set(stack, "berth:tls.email", "<address>"),
      },
    ];
  }
  if (tls === undefined) return [];
  const problems: Problem[] = [];
  if (publish !== undefined && publish.https === undefined) {
    problems.push({
      field: "berth:publish.https",
      value: "nothing",
      allowed: "the port for HTTPS, because berth:tls is set",
      fix: `${set(stack, "berth:publish.https", "443")}, or ${remove(stack, "berth:tls")}`,
    });
  }
  if (tls.caCertificate !== undefined) problems.push(...authorityProblems(stack, "berth:tls.caCertificate", tls.caCertificate));
  return problems;
}

function authorityProblems(stack: string, field: string, file: string): Problem[] {
  const value = authorityFault(file);
  if (value === undefined) return [];
  return [
    {
      field,
      value: `"${file}", ${value}`,
      allowed: "a PEM file with the certificate of an authority; a relative path begins at the project's folder",
      fix: `${set(stack, field, "<file>")}, or ${remove(stack, field)} where everybody trusts the authority`,
    },
  ];
}

function authorityFault(file: string): string | undefined {
  let pem: string;
  try {
    pem = readPem(file);
  } catch (error) {
    return `which can't be read (${(error as NodeJS.ErrnoException).code})`;
  }
  try {
    new X509Certificate(pem);
    return undefined;
  } catch {
    return "which holds no certificate";
  }
}
