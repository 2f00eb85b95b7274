import { parse } from "yaml";

/** One known weakness of a package in an image. */
export interface Finding {
  id: string;
  package: string;
  installed: string;
  /** Version without it; undefined where there is none yet. */
  fixed?: string;
}

export interface ScanResult {
  image: string;
  /** Packages that the scanner knows in the image; 0 means that it could tell nothing about it. */
  packages: number;
  critical: Finding[];
  /** Critical too, and in the list of what is accepted. */
  accepted: (Finding & { reason: string })[];
}

/** Trivy's JSON report, as far as it is read (schema version 2). */
interface Report {
  SchemaVersion: number;
  Results?: {
    Packages?: unknown[];
    Vulnerabilities?: Vulnerability[];
    ExperimentalModifiedFindings?: { Status: string; Statement?: string; Finding: Vulnerability }[];
  }[];
}

interface Vulnerability {
  VulnerabilityID: string;
  PkgName: string;
  InstalledVersion: string;
  FixedVersion?: string;
  Severity: string;
}

/** @throws Error where the text is no report of the version that is known. */
export function readReport(image: string, text: string): ScanResult {
  const report = JSON.parse(text) as Report;
  if (report.SchemaVersion !== 2) throw new Error(`Trivy's report has SchemaVersion ${report.SchemaVersion}, and only 2 is known: use the version in images.lock.json`);
  const results = report.Results ?? [];
  return {
    image,
    packages: results.reduce((total, { Packages }) => total + (Packages?.length ?? 0), 0),
    critical: results.flatMap(({ Vulnerabilities }) => Vulnerabilities ?? []).filter(isCritical).map(finding),
    accepted: results
      .flatMap(({ ExperimentalModifiedFindings }) => ExperimentalModifiedFindings ?? [])
      .filter(({ Finding: found }) => isCritical(found))
      .map(({ Statement, Finding: found }) => ({ ...finding(found), reason: Statement ?? "" })),
  };
}

function isCritical({ Severity }: Vulnerability): boolean {
  return Severity === "CRITICAL";
}

function finding({ VulnerabilityID, PkgName, InstalledVersion, FixedVersion }: Vulnerability): Finding {
  return { id: VulnerabilityID, package: PkgName, installed: InstalledVersion, ...(FixedVersion !== undefined && FixedVersion !== "" && { fixed: FixedVersion }) };
}

/** One entry of .trivyignore.yaml, by the names of Trivy. */
interface Acceptance {
  id?: unknown;
  statement?: unknown;
  expired_at?: unknown;
}

/** The longest that something may be accepted, in days: so that somebody looks again. */
export const longestAcceptance = 180;

/**
 * What is wrong with the list of what is accepted: each entry needs a reason and an end. Trivy itself would take one
 * without an end for ever.
 *
 * @param text A .trivyignore.yaml.
 * @returns `problems` stop the scan; `ended` are the entries that Trivy no longer looks at.
 */
export function readAccepted(text: string, now: Date): { problems: string[]; ended: string[] } {
  const list = (parse(text) ?? {}) as Record<string, Acceptance[] | null | undefined>;
  const problems = Object.keys(list).filter((key) => key !== "vulnerabilities").map((key) => `${key}: only "vulnerabilities" are accepted here`);
  const ended: string[] = [];
  for (const { id, statement, expired_at: end } of list["vulnerabilities"] ?? []) {
    const name = typeof id === "string" ? id : "an entry without an id";
    if (typeof id !== "string") problems.push(`${name}: give the id of the weakness, for example CVE-2026-1234`);
    if (typeof statement !== "string" || statement.trim().length < 10) problems.push(`${name}: "statement" must say why it is accepted`);
    const date = typeof end === "string" && /^\d{4}-\d\d-\d\d$/.test(end) ? new Date(`${end}T00:00:00Z`) : undefined;
    if (date === undefined || Number.isNaN(date.getTime())) {
      problems.push(`${name}: "expired_at" must be the day of its end, for example ${day(now, 90)}`);
      continue;
    }
    if (date.getTime() > now.getTime() + longestAcceptance * 86_400_000) problems.push(`${name}: it ends on ${end as string}, more than ${longestAcceptance} days from now: at most ${day(now, longestAcceptance)}`);
    if (date.getTime() <= now.getTime()) ended.push(`${name} was accepted until ${end as string}`);
  }
  return { problems, ended };
}

function day(now: Date, days: number): string {
  return new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);
}
