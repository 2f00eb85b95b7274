import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { run } from "./docker.ts";

/** How this machine reaches the package registries. Part of no image but for the certificates and Debian's address. */
export interface Machine {
  /** PEM file of every authority that this machine trusts; undefined where none is found. */
  caBundle: string | undefined;
  /** PEM of the authorities in it that are not in Mozilla's list: a company's, a proxy's. */
  ownAuthorities: string[];
  /** http_proxy and the like, by name. */
  proxies: Record<string, string>;
  pipConfig: string | undefined;
  pipIndex: string | undefined;
}

const bundlePaths = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];
const proxyNames = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** Reads the machine's own settings: SSL_CERT_FILE, proxies, apt's proxy, pip's configuration. */
export async function readMachine(env: NodeJS.ProcessEnv = process.env): Promise<Machine> {
  const caBundle = [env["SSL_CERT_FILE"], env["NODE_EXTRA_CA_CERTS"], ...bundlePaths].find((path) => path !== undefined && path !== "" && existsSync(path));
  const extra = [env["SSL_CERT_FILE"], env["NODE_EXTRA_CA_CERTS"]].filter((path) => path !== undefined && path !== "" && existsSync(path));
  const pem = [...new Set([caBundle, ...extra])].map((path) => (path === undefined ? "" : readFileSync(path, "utf8"))).join("\n");
  const aptProxy = await run("apt-config", ["dump", "--format", "%v", "Acquire::http::Proxy"]).then((r) => r.stdout.trim(), () => "");
  const proxies: Record<string, string> = {};
  if (aptProxy !== "") proxies["http_proxy"] = aptProxy;
  for (const name of proxyNames) if (env[name]) proxies[name] = env[name];
  return {
    caBundle,
    ownAuthorities: authoritiesBeyond(pem, rootCertificates),
    proxies,
    pipConfig: [env["PIP_CONFIG_FILE"], join(homedir(), ".config/pip/pip.conf"), join(homedir(), ".pip/pip.conf"), "/etc/pip.conf"].find((path) => path && existsSync(path)),
    pipIndex: env["PIP_INDEX_URL"],
  };
}

/** The certificates of a PEM bundle that are not among `known`, each once, in the bundle's order. */
export function authoritiesBeyond(bundle: string, known: readonly string[]): string[] {
  const seen = new Set(known.map(fingerprint));
  const beyond: string[] = [];
  for (const [pem] of bundle.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)) {
    const print = fingerprint(pem);
    if (seen.has(print)) continue;
    seen.add(print);
    beyond.push(`${pem}\n`);
  }
  return beyond;
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

/** Where this machine's apt finds Debian; undefined where it names none (Ubuntu, others). Takes 1-2 s. */
export async function debianAddresses(): Promise<DebianAddresses> {
  const lines = await run("apt-get", ["indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"]).then((result) => result.stdout, () => "");
  return parseAddresses(lines);
}

export interface DebianAddresses {
  main?: string;
  security?: string;
}

/** Reads lines "ORIGIN LABEL URI" of `apt-get indextargets`. */
export function parseAddresses(indexTargets: string): DebianAddresses {
  const lines = indexTargets.split("\n").map((line) => line.trim().replace(/\/$/, ""));
  const address = (prefix: string) => lines.find((line) => line.startsWith(`${prefix} `) && /^https?:/.test(line.slice(prefix.length + 1)))?.slice(prefix.length + 1);
  return { main: address("Debian Debian"), security: address("Debian Debian-Security") };
}
