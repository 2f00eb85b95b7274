import type { AppDefinition } from "../../components/index.ts";
import { setSecret } from "../fixes.ts";
import type { Problem, RawConfig } from "../problems.ts";
import { secretFields, type Settings } from "../settings.ts";
import { backupSecrets } from "./backup.ts";

/** A secret that something of a stack reads. */
export interface WantedSecret {
  /** `<application>:<NAME>` or `berth:<name>`. */
  key: string;
  /** What it is for. */
  purpose: string;
  /** What becomes of one that is not set: `required` is refused, `optional` left out, `unused` read by nothing as the stack file is. */
  need: "required" | "generated" | "optional" | "unused";
}

/** All that a stack's applications and the platform read; pure. */
export function wantedSecrets(settings: Partial<Settings>, definitions: Record<string, AppDefinition>, environment: NodeJS.ProcessEnv): WantedSecret[] {
  const usual = settings.secrets === "require" ? "required" : "generated";
  const ofApps = Object.entries(definitions).flatMap(([app, definition]) =>
    Object.entries(definition.secrets ?? {}).map(([name, need]): WantedSecret => ({
      key: `${app}:${name}`,
      ...(typeof need === "string" ? { purpose: need, need: usual } : { purpose: need.purpose, need: "optional" }),
    })),
  );
  // A build that gets another one than it wants fails, or does worse, so none is generated.
  const ofBuilds = Object.entries(definitions).flatMap(([app, { buildSecrets = {}, secrets = {} }]) =>
    Object.entries(buildSecrets).filter(([id]) => secrets[id] === undefined).map(([id, purpose]): WantedSecret => ({ key: `${app}:${id}`, purpose, need: settings.apps?.[app]?.image === undefined ? "required" : "unused" })),
  );
  const remote = settings.registry !== undefined && "host" in settings.registry;
  const inEnvironment = Boolean(environment["BERTH_REGISTRY_PASSWORD"]);
  const platform = [...backupSecrets(settings), ...alertSecrets(settings)].map(([key, purpose, isRequired]): WantedSecret => ({ key, purpose, need: isRequired ? "required" : "unused" }));
  const registry: WantedSecret = { key: "berth:registryPassword", purpose: secretFields.registryPassword, need: !remote ? "unused" : inEnvironment ? "optional" : "required" };
  return [...ofApps, ...ofBuilds, registry, ...platform];
}

/** Secrets that are missing, empty, or in plain text. */
export function secretProblems(
  raw: RawConfig,
  settings: Partial<Settings>,
  definitions: Record<string, AppDefinition>,
): Problem[] {
  return wantedSecrets(settings, definitions, raw.environment).flatMap(({ key, purpose: meaning, need }) => {
    const fix = setSecret(raw.stack, key);
    if (raw.values[key] === undefined) {
      return need === "required" ? { field: key, value: "nothing", allowed: `a secret: ${meaning}`, fix } : [];
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
