import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "../command.ts";
import { exitCodes, OpsError } from "../exit.ts";

export const command: Command = {
  summary: "on a machine of CI: the SSH key and host keys from the environment",
  description: [
    "Writes BERTH_SSH_KEY, a private key, to ~/.ssh/id_ed25519, and the lines of BERTH_SSH_KNOWN_HOSTS (what ssh-keyscan",
    "printed, and you have checked) to ~/.ssh/known_hosts, so that ssh:// hosts can be reached. Only where CI=true, and never",
    "over another key: a person's key belongs into the agent.",
  ].join("\n"),
  options: {},
  examples: ["./berth identity"],
  exits: [0, 1, 3],
  run({ terminal, environment }) {
    terminal.redactor.hide(environment["BERTH_SSH_KEY"]);
    const written = writeIdentity(environment, join(homedir(), ".ssh"));
    terminal.result(`${written.join(" and ")} written`);
    return Promise.resolve(exitCodes.ok);
  },
};

/**
 * Key and host keys as files for `ssh`, of mode 0600.
 *
 * @param folder Where they go; it is made with mode 0700.
 * @returns The files.
 * @throws OpsError (3) for a variable that is missing or no key, and where there is another key already.
 */
export function writeIdentity(environment: NodeJS.ProcessEnv, folder: string): string[] {
  if (environment["CI"] !== "true") throw new OpsError("./berth identity writes into ~/.ssh, and is for machines of CI alone (CI=true): here use ssh-add", exitCodes.requirement);
  const key = environment["BERTH_SSH_KEY"]?.trim();
  const hosts = environment["BERTH_SSH_KNOWN_HOSTS"]?.trim();
  if (!key) throw new OpsError("BERTH_SSH_KEY is not set: a pull request of a fork gets no secrets; else add it to the environment of this job (docs/workflows.md)", exitCodes.requirement);
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(key)) throw new OpsError("BERTH_SSH_KEY is no private key in PEM or OpenSSH format, with its line breaks", exitCodes.requirement);
  if (!hosts) throw new OpsError("BERTH_SSH_KNOWN_HOSTS is not set: without it nobody knows that the host is yours. Set it to what ssh-keyscan <host> prints", exitCodes.requirement);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identity = join(folder, "id_ed25519");
  if (existsSync(identity) && readFileSync(identity, "utf8").trim() !== key) throw new OpsError(`${identity} has another key already, which is left as it is`, exitCodes.requirement);
  writeFileSync(identity, `${key}\n`, { mode: 0o600 });
  const known = join(folder, "known_hosts");
  const before = existsSync(known) ? readFileSync(known, "utf8").trimEnd().split("\n").filter(Boolean) : [];
  writeFileSync(known, `${[...new Set([...before, ...hosts.split("\n")])].join("\n")}\n`, { mode: 0o600 });
  return [identity, known];
}
