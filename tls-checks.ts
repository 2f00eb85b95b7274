import { X509Certificate } from "node:crypto";
import { readPem } from "./components/tls.ts";
import type { Problem, RawConfig } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** HTTPS without what it needs, or what it needs without HTTPS. */
export function tlsProblems({ stack, values }: RawConfig, { publish, tls }: Partial<Settings>): Problem[] {
  if (publish?.https !== undefined && values["berth:tls"] === undefined) {
    return [
      {
        field: "berth:tls",
        value: "nothing",
        allowed: "the account that certificates for berth:publish.https are asked for with",
        fix: `pulumi config set -s ${stack} --path berth:tls.email <address>`,
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
      fix: `pulumi config set -s ${stack} --path berth:publish.https 443, or pulumi config rm -s ${stack} berth:tls`,
    });
  }
  if (tls.caCertificate !== undefined) problems.push(...authorityProblems(stack, tls.caCertificate));
  return problems;
}

function authorityProblems(stack: string, file: string): Problem[] {
  const value = authorityFault(file);
  if (value === undefined) return [];
  return [
    {
      field: "berth:tls.caCertificate",
      value: `"${file}", ${value}`,
      allowed: "a PEM file with the certificate of an authority; a relative path begins at the project's folder",
      fix: `pulumi config set -s ${stack} --path berth:tls.caCertificate <file>, or pulumi config rm -s ${stack} --path berth:tls.caCertificate where everybody trusts the authority`,
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
