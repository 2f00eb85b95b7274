import { containerInputs } from "./container.ts";
import { always, type Objection, type Rule, type Subject, unknown } from "./rule.ts";

/** Words of a variable's name that say that it holds a secret. */
const secretName = /(PASSWORD|PASSWD|PASSPHRASE|(^|_)(PWD|SECRET|TOKEN|CREDENTIALS?|APIKEY|(API|PRIVATE|SECRET|ACCESS|SIGNING|ENCRYPTION|SESSION|MASTER)_KEY))(_|$)/i;
/** Words behind it that say that it holds something about a secret: where it is, how long it lives. */
const about = /_(FILE|PATH|DIR|NAME|TTL|SECONDS|MINUTES|DAYS|HOURS|LENGTH|URL|HOST|HEADER|ALGORITHM|ENABLED|REQUIRED|ISSUER|AUDIENCE|ID)$/i;
/** An address with a password in it. */
const passwordUrl = /[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i;

/** No secret where `docker inspect`, an image's history or the plain state show it. */
export const secretRules: Rule[] = [
  {
    name: "plain-secrets",
    description: "No environment variable, argument, label or build argument holds a secret.",
    level: always,
    check: (subject) => {
      const container = containerInputs(subject);
      if (container !== undefined) return [...variables("envs", pairs(container["envs"])), ...words(container)];
      if (subject.type !== "docker-build:index:Image") return [];
      return variables("buildArgs", Object.entries((subject.inputs["buildArgs"] ?? {}) as Record<string, unknown>));
    },
  },
];

function variables(field: string, entries: [name: string, value: unknown][]): Objection[] {
  return entries
    .filter(([name, value]) => typeof value === "string" && value !== "" && value !== unknown && ((secretName.test(name) && !about.test(name)) || passwordUrl.test(value)))
    .map(([name]) => ({
      value: `${name} in ${field} [its value is not shown]`,
      allowed: `${name}_FILE with the path of a file`,
      fix: `name it under \`secrets\` of the app.ts, set it by ./berth secret, and read the file that ${name}_FILE names; unprepared: { plainSecrets: true } is for programs that can't`,
    }));
}

function pairs(envs: unknown): [string, string][] {
  return strings(envs).flatMap((entry) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
}

/** Addresses with passwords among entrypoint, command and labels. */
function words(inputs: Subject["inputs"]): Objection[] {
  const labels = Array.isArray(inputs["labels"]) ? (inputs["labels"] as { value?: unknown }[]).map(({ value }) => value) : [];
  const places = { entrypoints: inputs["entrypoints"], command: inputs["command"], labels };
  return Object.entries(places)
    .filter(([, list]) => strings(list).some((word) => passwordUrl.test(word)))
    .map(([place]) => ({
      value: `an address with a password in ${place} [not shown]`,
      allowed: "an address without a password",
      fix: "put the address into a file: `secrets` of the app.ts, or Files of components/files.ts",
    }));
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string" && item !== unknown) : [];
}
