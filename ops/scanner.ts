import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { exitCodes, OpsError } from "./exit.ts";

const run = promisify(execFile);

/** The longest that one image may take, its download and that of the database included, in milliseconds. */
const longest = 15 * 60_000;

export interface Scanner {
  /** For people: which Trivy it is. */
  description: string;
  /** Trivy's report of one image, as JSON text. `environment` has the registry's login. */
  report(image: string, environment: NodeJS.ProcessEnv): Promise<string>;
}

/** Only known weaknesses, all severities that fail; what is accepted is told too. No news of newer versions, no figures sent. */
const options = ["--format", "json", "--scanners", "vuln", "--severity", "CRITICAL", "--show-suppressed", "--list-all-pkgs", "--quiet", "--no-progress", "--skip-version-check", "--disable-telemetry"];

/**
 * Trivy as it is on PATH, or else its image of images.lock.json in a container, which reads images from their registry.
 *
 * @param accepted Path of the list of what is accepted, in Trivy's own format; undefined where there is none.
 * @throws OpsError (3) where neither can be had.
 */
export async function findScanner(folder: string, accepted: string | undefined, environment: NodeJS.ProcessEnv): Promise<Scanner> {
  try {
    const { stdout } = await run("trivy", ["--version"], { env: environment });
    const version = /^Version: (\S+)/m.exec(stdout)?.[1] ?? "of unknown version";
    return { description: `Trivy ${version}`, report: (image, login) => scan("trivy", ["image", ...options, ...ignore(accepted), image], login) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const reference = (JSON.parse(readFileSync(join(folder, "images.lock.json"), "utf8")) as Record<string, string>)["trivy"] ?? "";
  try {
    await run("docker", ["image", "inspect", reference], { env: environment }).catch(() => run("docker", ["pull", "--quiet", reference], { env: environment, timeout: longest }));
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    throw new OpsError(`Trivy is not on PATH, and ${reference} can't be pulled: ${text}\nInstall Trivy (https://trivy.dev), or allow this machine to pull that image.`, exitCodes.requirement);
  }
  return { description: `${reference} in a container`, report: (image, login) => scan("docker", [...container(reference, accepted, login), ...options, "--image-src", "remote", ...ignore(accepted && "/accepted.yaml"), image], login) };
}

function ignore(accepted: string | undefined): string[] {
  return accepted === undefined ? [] : ["--ignorefile", accepted];
}

/** The host's network, as a stack's own registry is on 127.0.0.1; no Docker socket. The database is kept in a volume. */
function container(reference: string, accepted: string | undefined, login: NodeJS.ProcessEnv): string[] {
  const settings = Object.keys(login).filter((name) => name.startsWith("TRIVY_") || /^(HTTPS?|NO)_PROXY$/i.test(name));
  const config = login["DOCKER_CONFIG"] === undefined ? [] : ["-v", `${login["DOCKER_CONFIG"]}:/login:ro`, "-e", "DOCKER_CONFIG=/login"];
  const safe = ["--rm", "--network", "host", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
  return ["run", ...safe, ...settings.flatMap((name) => ["-e", name]), ...config, "-v", "berth-trivy:/root/.cache/trivy", ...(accepted === undefined ? [] : ["-v", `${accepted}:/accepted.yaml:ro`]), reference, "image"];
}

async function scan(file: string, args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await run(file, args, { env: environment, maxBuffer: 2 ** 28, timeout: longest })).stdout;
  } catch (error) {
    throw scanError((error as { stderr?: string }).stderr?.trim() || String(error));
  }
}

/** What Trivy prints when it fails, as an error that says what to do. */
export function scanError(text: string): OpsError {
  const reason = text.split("\n").findLast((line) => line.includes("FATAL")) ?? text.split("\n").at(-1) ?? text;
  const short = reason.replaceAll("\t", " ").slice(0, 600);
  if (!/\bDB\b|vulnerability database|trivy-db/.test(text)) return new OpsError(`Trivy failed: ${short}`);
  return new OpsError(
    [
      `Trivy has no database of known weaknesses, so nothing was scanned: ${short}`,
      "It comes from mirror.gcr.io and ghcr.io. Elsewhere: TRIVY_DB_REPOSITORY=<registry>/trivy-db:2, or a copy in TRIVY_CACHE_DIR and TRIVY_SKIP_DB_UPDATE=true.",
    ].join("\n"),
    exitCodes.requirement,
  );
}
