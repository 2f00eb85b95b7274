import type { AppDefinition } from "../../components/index.ts";
import { setSecret } from "../fixes.ts";
import type { Problem, RawConfig } from "../problems.ts";
import { secretFields, type Settings } from "../settings.ts";
import { backupSecrets } from "./backup.ts";

/** Secrets that are missing, empty, or in plain text. */
export function secretProblems(
  raw: RawConfig,
  settings: Partial<Settings>,
  definitions: Record<string, AppDefinition>,
): Problem[] {
  const wanted: [key: string, meaning: string, required: boolean][] = Object.entries(definitions).flatMap(
    ([app, definition]) =>
      Object.entries(definition.secrets ?? {}).map(([name, need]): [string, string, boolean] => [
        `${app}:${name}`,
        typeof need === "string" ? need : need.purpose,
        settings.secrets === "require" && typeof need === "string",
      ]),
  );
  const remote = settings.registry !== undefined && "host" in settings.registry;
  const needed = remote && !raw.environment["BERTH_REGISTRY_PASSWORD"];
  wanted.push(["berth:registryPassword", secretFields.registryPassword, needed], ...backupSecrets(settings), ...alertSecrets(settings));
  return wanted.flatMap(([key, meaning, required]) => {
    const fix = setSecret(raw.stack, key);
    if (raw.values[key] === undefined) {
      return required ? { field: key, value: "nothing", allowed: `a secret: ${meaning}`, fix } : [];
    }
    if (!raw.isSecret(key)) {
      return { field: key, value: "plain text", allowed: `a secret: ${meaning}`, fix: `${fix}; and change its value, which others may have seen` };
    }
    return raw.values[key] === "" ? { field: key, value: "empty", allowed: `a secret: ${meaning}`, fix } : [];
  });
}

/** What the ways to send alerts need. */
function alertSecrets({ monitoring }: Partial<Settings>): [key: string, meaning: string, required: boolean][] {
  const { webhook = false, mail } = monitoring?.alerts ?? {};
  return [
    ["berth:alertWebhook", secretFields.alertWebhook, webhook],
    ["berth:mailPassword", secretFields.mailPassword, mail?.username !== undefined],
  ];
}
