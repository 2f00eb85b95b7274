import { types } from "../pulumi/resource-types.ts";
import { containerInputs } from "./container.ts";
import { always, type Objection, type Rule, type Subject, unknown } from "./rule.ts";

/** Words of a variable's name that say that it holds a secret. */
const secretName = /(PASSWORD|PASSWD|PASSPHRASE|REQUIREPASS|(^|_)(PWD|PASS|SECRET|TOKEN|CREDENTIALS?|CREDS|PAT|APIKEY)|(?<!(^|_)(PUBLIC|PUBLISHABLE|CACHE|PRIMARY|FOREIGN|PARTITION|SORT|ROUTING|HOST|KNOWN|LOOKUP))_KEY)(_|$)/i;
/** Words behind it that say that it holds something about a secret: where it is, how long it lives. */
const about = /_(FILE|PATH|DIR|NAME|TTL|SECONDS|MINUTES|DAYS|HOURS|LENGTH|URL|HOST|HEADER|ALGORITHM|ENABLED|REQUIRED|ISSUER|AUDIENCE|ID)$/i;
/** What is a secret whatever it is called: an address with a password, a private key, a token of a form that its issuer gave it. */
const secretValue = new RegExp(
  [
    /[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/,
    /[?&](password|passwd|pwd|secret|token|api_?key|access_token|client_secret)=[^&\s$]/,
    /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
    /\b(sk|rk)_(live|test)_\w{8}|\bgh[opsu]_\w{20}|\bgithub_pat_\w{20}|\bglpat-[\w-]{16}|\bxox[abprs]-[\w-]{10}|\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** No secret where `docker inspect`, an image's history or the plain state show it. */
export const secretRules: Rule[] = [
  {
    name: "plain-secrets",
    description: "No environment variable, argument, label or build argument holds a secret.",
    level: always,
    check: (subject) => {
      const container = containerInputs(subject);
      if (container !== undefined) return [...variables("envs", pairs(container["envs"])), ...words(container)];
      if (subject.type !== types.built) return [];
      return variables("buildArgs", Object.entries((subject.inputs["buildArgs"] ?? {}) as Record<string, unknown>));
    },
  },
];

function variables(field: string, entries: [name: string, value: unknown][]): Objection[] {
  return entries
    .filter(([name, value]) => typeof value === "string" && value !== unknown && holdsSecret(name, value))
    .map(([name]) => ({
      value: `${name} in ${field} [its value is not shown]`,
      allowed: `${name}_FILE with the path of a file`,
      fix: `name it under \`secrets\` of the app.ts, set it by ./berth secret, and read the file that ${name}_FILE names; unprepared: { plainSecrets: true } is for programs that can't`,
    }));
}

/** What is switched, or counted under a name that says what is counted, is no secret: `DISABLE_PASSWORD_LOGIN=true`, `MAX_PASSWORD_TRIES=5`. */
function isSetting(name: string, value: string): boolean {
  return /^(true|false|yes|no|on|off)$/i.test(value) || (/^\d{1,6}$/.test(value) && !/(PASSWORD|PASSWD|PASSPHRASE|REQUIREPASS|PWD|PASS|SECRET|TOKEN|CREDENTIALS?|CREDS|PAT|KEY)$/i.test(name));
}

/** Whether a variable with this value is refused where others can read it. */
export function holdsSecret(name: string, value: string): boolean {
  return value !== "" && ((isSecretName(name) && !isSetting(name, value)) || secretValue.test(value));
}

function pairs(envs: unknown): [string, string][] {
  return strings(envs).flatMap((entry) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
}

function isSecretName(name: string): boolean {
  return secretName.test(name) && !about.test(name);
}

/** Secrets among entrypoint, command and labels: `--db-password=x`, `--token x`, `password: x`, an address with a password. */
function words(inputs: Subject["inputs"]): Objection[] {
  const labels = Array.isArray(inputs["labels"]) ? (inputs["labels"] as { label?: unknown; value?: unknown }[]).map(({ label, value }) => `--${String(label)}=${String(value)}`) : [];
  const places = { entrypoints: strings(inputs["entrypoints"]), command: strings(inputs["command"]), labels };
  return Object.entries(places)
    .filter(([, list]) => list.some((word, index) => secretValue.test(word) || isSecretOption(word, list[index + 1])))
    .map(([place]) => ({
      value: `a secret in ${place} [not shown]`,
      allowed: "no password, token or key, and no address with one",
      fix: "put it into a file: `secrets` of the app.ts, or Files of components/docker/files.ts",
    }));
}

/** Whether a word is an option that names a secret and has its value, in it or as the next word. A variable of a shell is no value. */
function isSecretOption(word: string, next = ""): boolean {
  const [, name = "", given] = /^--?([\w][\w.-]*)(?:=(.*))?$/s.exec(word) ?? [];
  const value = given ?? (next.startsWith("-") ? "" : next);
  return isSecretName(name.replaceAll(/[.-]/g, "_")) && value !== "" && !/^[$/]/.test(value);
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string" && item !== unknown) : [];
}
