import { setSecret } from "../fixes.ts";
import type { Problem, RawConfig } from "../problems.ts";
import { secretFields, type Settings } from "../settings.ts";

/** Secrets that backups want: key, meaning, whether they are required. */
export function backupSecrets({ postgres, secrets }: Partial<Settings>): [key: string, meaning: string, required: boolean][] {
  const backup = postgres?.backup;
  const bucket = typeof backup?.target === "object";
  return [
    ["berth:backupKey", secretFields.backupKey, backup !== undefined && secrets === "require"],
    ["berth:s3Key", secretFields.s3Key, bucket],
    ["berth:s3Secret", secretFields.s3Secret, bucket],
  ];
}

/** Keys that pgBackRest's configuration file cannot hold, or that are easily guessed. */
export function backupProblems(raw: RawConfig): Problem[] {
  const limits = { backupKey: 16, s3Key: 1, s3Secret: 1 };
  return Object.entries(limits).flatMap(([name, shortest]) => {
    const field = `berth:${name}`;
    const value = raw.values[field];
    // One that is missing, empty or in plain text is told by secretProblems.
    if (value === undefined || value === "" || !raw.isSecret(field)) return [];
    if (/^[!-~]+$/.test(value) && value.length >= shortest) return [];
    return [
      {
        field,
        value: "[secret]",
        allowed: `${shortest === 1 ? "" : `${shortest} or more `}letters, digits and signs of ASCII, without spaces and line ends`,
        fix: name === "backupKey" ? `openssl rand -hex 32 | ./berth secret ${field} -s ${raw.stack}` : setSecret(raw.stack, field),
      },
    ];
  });
}
