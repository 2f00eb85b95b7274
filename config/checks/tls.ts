import { X509Certificate } from "node:crypto";
import { remove, set } from "../fixes.ts";
import { readPem } from "../pem.ts";
import type { Problem, RawConfig } from "../problems.ts";
import type { Settings } from "../settings.ts";

/** HTTPS without what it needs, what it needs without HTTPS, and authorities that are none. */
export function tlsProblems({ stack, values }: RawConfig, { publish, tls, monitoring }: Partial<Settings>): Problem[] {
  const mail = monitoring?.alerts?.mail?.caCertificate;
  const authority = mail === undefined ? [] : authorityProblems(stack, "berth:monitoring.alerts.mail.caCertificate", mail);
  return [...authority, ...httpsProblems({ stack, values }, { publish, tls })];
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
