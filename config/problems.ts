import type { z } from "zod";
import { remove, set } from "./fixes.ts";

/** One thing that is wrong with a stack file. */
export interface Problem {
  /** Full key, for example `berth:apps.root.replicas`. */
  field: string;
  /** What is there, `nothing` or, for secrets, `[secret]`. */
  value: string;
  allowed: string;
  /** What to type. */
  fix: string;
}

/** The stack file as the Pulumi engine hands it over: full keys to raw values, and which are secret. */
export interface RawConfig {
  stack: string;
  values: Record<string, string>;
  isSecret: (key: string) => boolean;
  environment: Record<string, string | undefined>;
}

/** The message that stops a preview: every problem with what is allowed and what to type. */
export function problemReport(stack: string, problems: Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `stack "${stack}": ${count} in Pulumi.${stack}.yaml; nothing was changed.`,
    ...problemLines(stack, problems),
  ].join("\n");
}

/** Three lines for each problem. */
export function problemLines(stack: string, problems: Problem[]): string[] {
  return problems.flatMap(({ field, value, allowed, fix }) => [`  ${field} in stack "${stack}" is ${value}`, `    allowed: ${allowed}`, `    fix:     ${fix}`]);
}

/** What the schema says against the value of one field. */
export function schemaProblems(stack: string, name: string, value: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const path = pathOf(name, issue.path);
    return issue.keys.map((key) => ({
      field: `berth:${path}.${key}`,
      value: discreetly(key, at(value, [...issue.path, key])),
      allowed: "a known field; this one is unknown",
      fix: `correct its spelling, or ${remove(stack, `berth:${path}.${key}`)}`,
    }));
  }
  if (issue.code === "invalid_union" && isObject(at(value, issue.path))) {
    // Of the shapes that it may have, what is wrong with the one that was meant.
    const [meant = []] = issue.errors.toSorted((a, b) => unknownIn(a) - unknownIn(b));
    return meant.flatMap((inner) => schemaProblems(stack, name, value, { ...inner, path: [...issue.path, ...inner.path] }));
  }
  const path = pathOf(name, issue.path);
  if (issue.code === "invalid_key") {
    return [
      {
        field: `berth:${path}`,
        value: `the key ${JSON.stringify(String(issue.path.at(-1)))}`,
        allowed: issue.issues[0]?.message ?? "another key",
        fix: `write it in another way in Pulumi.${stack}.yaml`,
      },
    ];
  }
  return [
    {
      field: `berth:${path}`,
      value: withoutLogins(path, at(value, issue.path)),
      allowed: issue.message,
      fix: set(stack, `berth:${path}`, "<value>"),
    },
  ];
}

/** As the Pulumi CLI takes it after `--path`: `apps.shop.hosts[0]`. */
function pathOf(name: string, path: readonly PropertyKey[]): string {
  return [name, ...path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))].join("");
}

/** The engine hands objects over as JSON and everything else as text; no field is a number or a boolean by itself. */
export function parsed(value: string | undefined): unknown {
  if (value === undefined || !/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export function asObject(value: unknown): object {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function unknownIn(issues: z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 0), 0);
}

function at(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (asObject(inner) as Record<PropertyKey, unknown>)[key], value);
}

/** The value of an unknown key, unless somebody may have taken the key for a secret's. */
export function discreetly(key: string, value: unknown): string {
  const plain = /^(?!\w+:)|^berth:/.test(key) && !/pas+w|secret|token|key|auth|cred/i.test(key);
  return plain ? shown(value) : "[not shown: it may be meant as a secret]";
}

/** Where a hash is asked for, somebody may have written a password. */
function withoutLogins(path: string, value: unknown): string {
  return /basicAuth/.test(path + shown(value)) ? "[not shown: it may be meant as a secret]" : shown(value);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
