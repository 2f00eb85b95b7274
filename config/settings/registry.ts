import { z } from "zod";
import { group, port, text, yesOrNo } from "./values.ts";

export const registry = z
  .union(
    [
      group({
        port: port.describe("Port on 127.0.0.1 of a registry that the stack runs itself, with a login."),
      }),
      group({
        host: text(/^[a-z0-9.-]+(:\d+)?$/, "a registry's host, for example ghcr.io").default("ghcr.io"),
        owner: text(/^[a-z0-9]+([._/-][a-z0-9]+)*$/, "an account or organisation in small letters, for example acme"),
        username: text(/^[^\s:]+$/, "the account that logs in, without spaces and colons").describe("Login. The password is the secret berth:registryPassword."),
        cache: yesOrNo.optional().describe("Keep each image's layers for builds elsewhere, and begin with those of the newest that was pushed. Default: false."),
      }),
    ],
    "either {port: <port of a registry on 127.0.0.1>} or {host: <registry>, owner: <account>, username: <login>}",
  )
  .prefault({ port: 5555 })
  .describe("Where application images are pushed and pulled. GHCR by default for a remote one.");

export const registrySecretFields = {
  registryPassword: "Password or token of berth:registry's login. Default: BERTH_REGISTRY_PASSWORD of the environment.",
} as const;

/** Host of a registry as docker logs in to it, with its port where it has one. */
export function addressOf(settings: z.output<typeof registry>): string {
  return "port" in settings ? `127.0.0.1:${settings.port}` : settings.host;
}

/** What the repository of every application's image begins with, for example `ghcr.io/acme`. */
export function prefixOf(settings: z.output<typeof registry>): string {
  return "port" in settings ? addressOf(settings) : `${settings.host}/${settings.owner}`;
}
