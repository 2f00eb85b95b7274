import { holdsSecret } from "../../policy/secret-rules.ts";

const secretName = /(^|_)(KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASS|DSN|CREDENTIALS?)(_|$)|(SECRET|TOKEN|PASSWORD|APIKEY)/i;
const urlWithLogin = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@]*:[^\s/@]+@/i;
/** Names whose number may be the secret itself. */
const secretNumber = /(^|_)(KEY|SECRET|TOKEN|PASSWORD|PASSWD|PASS|PIN)$|(SECRET|TOKEN|PASSWORD|APIKEY)$/i;
const truth = /^(true|false|yes|no|on|off|enabled?|disabled?)$/i;
const amount = /^[+-]?\d+([._,]\d+)*\s?(ms|s|m|min|h|d|w|k|kb|kib|mb|mib|gb|gib|%)?$/i;

/**
 * By its name, or by a value with a login in it. A name that ends in _FILE is a path; what is switched, counted or timed is
 * a setting, unless the name says that the number itself is the secret: `MAX_TOKENS=4096`, `ADMIN_PIN=4711`.
 */
export function looksSecret(name: string, value: string): boolean {
  // What the policy would refuse as plain text is one.
  if (urlWithLogin.test(value) || holdsSecret(name, value)) return true;
  if (!secretName.test(name) || name.endsWith("_FILE") || truth.test(value)) return false;
  return !amount.test(value) || secretNumber.test(name);
}

/** A value that holds on the machine of a developer alone: an address that leads to itself, or a mode for development. */
export function isForDevelopment(name: string, value: string): boolean {
  if (/^([a-z][a-z0-9+.-]*:\/\/)?([^/@\s]*@)?(localhost|127(\.\d+){3}|\[::1\]|::1|host\.docker\.internal)(:\d+)?(\/|,|\?|$)/i.test(value)) return true;
  if (/(^|_)(ENV|ENVIRONMENT|MODE|STAGE|PROFILE|PROFILES_ACTIVE)$/i.test(name)) return /^(dev|develop|development|local|test|testing|debug)$/i.test(value);
  return /(^|_)DEBUG$/i.test(name) && /^(true|1|yes|on|\*)$/i.test(value);
}

/** Names that frameworks put into the code that browsers get: they are read when the image is built. */
export function isReadInBuild(name: string): boolean {
  return /^(NEXT_PUBLIC|VITE|REACT_APP|VUE_APP|GATSBY|EXPO_PUBLIC)_/.test(name);
}
