/** A resource as the program asks for it. */
export interface Subject {
  type: string;
  name: string;
  urn: string;
  /** Without secrets' marks. What a preview can't know yet is {@link unknown}. */
  inputs: Record<string, unknown>;
  /** Undefined where it is not told. */
  protect?: boolean;
  /** Undefined where it is not told: Pulumi does not tell a policy pack. */
  retainOnDelete?: boolean;
}

/** What the rules know of the stack. */
export interface Settings {
  stack: string;
  environment: "dev" | "prod";
  /** Registry and account of the stack's own images, for example `ghcr.io/acme`. */
  registry: string;
  /** References of the platform images, by role. */
  images: Record<string, string>;
  /** By the application's name, what its app.ts loosens. */
  apps: Record<string, Allowance>;
}

/** What is allowed to one application, or to one part of the platform, beyond the rules. */
export interface Allowance {
  /** Its processes may be root's. */
  root?: boolean;
  /** Linux capabilities without CAP_, for example `CHOWN`. */
  capabilities?: string[];
  writableRoot?: boolean;
  /** Folder of the host that it may mount where the environment is dev. */
  folder?: string;
}

/** Advisory ones are told as warnings; a mandatory one stops the update before it begins. */
export type Level = "mandatory" | "advisory";

/** What a rule has against one resource. */
export interface Objection {
  /** What is there; never a secret. */
  value: string;
  allowed: string;
  /** What to change. */
  fix: string;
}

export interface Finding extends Objection {
  rule: string;
  level: Level;
  /** Kind and name, for example `Container root-web-0`. */
  resource: string;
  urn: string;
}

export interface Rule {
  /** Small letters and dashes. */
  name: string;
  /** One sentence: what is demanded. */
  description: string;
  /** Undefined where it does not apply to the stack. */
  level: (settings: Settings) => Level | undefined;
  /** Pure. Empty where the resource is as it must be, or of a type that the rule says nothing of. */
  check: (subject: Subject, settings: Settings) => Objection[];
}

/** Stands for a value that a preview can't know. */
export const unknown = "[unknown]";

export const always = (): Level => "mandatory";

/** One objection, or none. */
export function one(broken: boolean, value: string, allowed: string, fix: string): Objection[] {
  return broken ? [{ value, allowed, fix }] : [];
}

/** All findings of all rules, in the order of the resources. */
export function findingsOf(rules: readonly Rule[], subjects: readonly Subject[], settings: Settings): Finding[] {
  return subjects.flatMap((subject) =>
    rules.flatMap((rule) => {
      const level = rule.level(settings);
      if (level === undefined) return [];
      const resource = `${subject.type.slice(subject.type.lastIndexOf(":") + 1)} ${subject.name}`;
      return rule.check(subject, settings).map((objection) => ({ ...objection, rule: rule.name, level, resource, urn: subject.urn }));
    }),
  );
}
