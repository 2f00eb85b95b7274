import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { exitCodes, OpsError } from "../exit.ts";
import { cleanEnvironment } from "../setup/clean-environment.ts";

/** The longest that one image may take, its download and that of the database included, in milliseconds. */
const longest = 15 * 60_000;

export interface Scanner {
  /** For people: which Trivy it is. */
  description: string;
  /** Trivy's report of one image, as JSON text. `environment` has the registry's login, which docker alone is given. */
  report(image: string, environment: NodeJS.ProcessEnv): Promise<string>;
}

/** Only known weaknesses, all severities that fail; what is accepted is told too. No news of newer versions, no figures sent. */
const reporting = ["--format", "json", "--scanners", "vuln", "--severity", "CRITICAL", "--show-suppressed", "--list-all-pkgs", "--quiet", "--no-progress", "--skip-version-check", "--disable-telemetry"];

/**
 * Trivy as it is on PATH, or else its image of images.lock.json in a container. Docker pulls and saves the image that is
 * scanned: a scanner is given no login, with which it could push, and no secret of the operator.
 *
 * @param accepted Path of the list of what is accepted, in Trivy's own format; undefined where there is none.
 * @throws OpsError (3) where neither can be had.
 */
export async function findScanner(folder: string, accepted: string | undefined, environment: NodeJS.ProcessEnv): Promise<Scanner> {
  const options = { env: environment, extendEnv: false };
  try {
    const { stdout } = await execa("trivy", ["--version"], options);
    const version = /^Version: (\S+)/m.exec(stdout)?.[1] ?? "of unknown version";
    return { description: `Trivy ${version}`, report: (image, login) => withSaved(image, login, (file) => scan("trivy", ["image", ...reporting, ...ignore(accepted), "--input", file], cleanEnvironment(environment))) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const reference = (JSON.parse(readFileSync(join(folder, "config/images.lock.json"), "utf8")) as Record<string, string>)["trivy"] ?? "";
  try {
    await execa("docker", ["image", "inspect", reference], options).catch(() => execa("docker", ["pull", "--quiet", reference], { ...options, timeout: longest }));
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    throw new OpsError(`Trivy is not on PATH, and ${reference} can't be pulled: ${text}\nInstall Trivy (https://trivy.dev), or allow this machine to pull that image.`, exitCodes.requirement);
  }
  return { description: `${reference} in a container`, report: (image, login) => withSaved(image, login, (file) => scan("docker", [...container(reference, accepted, file, environment), ...reporting, ...ignore(accepted && "/accepted.yaml"), "--input", "/image.tar"], cleanEnvironment(environment))) };
}

/** The image as a file, which is removed afterwards; pulled with the login where the engine lacks it. */
async function withSaved<Result>(image: string, login: NodeJS.ProcessEnv, use: (file: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "berth-scan-"));
  const docker = (...args: string[]) => execa("docker", args, { env: login, extendEnv: false, timeout: longest });
  try {
    const file = join(folder, "image.tar");
    await docker("image", "inspect", image).catch(() => docker("pull", "--quiet", image));
    await docker("save", "--output", file, image);
    return await use(file);
  } catch (error) {
    if (error instanceof OpsError) throw error;
    throw new OpsError(`${image} is not on this engine and can't be pulled, so it was not scanned: ${(error as { stderr?: string }).stderr?.trim().split("\n").at(-1) || String(error)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ignore(accepted: string | undefined): string[] {
  return accepted === undefined ? [] : ["--ignorefile", accepted];
}

/**
 * Root in the container may read what is mounted, whoever it belongs to here, and nothing more. The host's network, as a proxy may be on 127.0.0.1; no Docker socket. The database is kept in a
 * volume.
 */
export function container(reference: string, accepted: string | undefined, image: string, environment: NodeJS.ProcessEnv): string[] {
  const settings = Object.keys(environment).filter((name) => name.startsWith("TRIVY_") || /^(HTTPS?|NO)_PROXY$/i.test(name));
  const safe = ["--rm", "--network", "host", "--cap-drop", "ALL", "--cap-add", "DAC_READ_SEARCH", "--security-opt", "no-new-privileges"];
  return ["run", ...safe, ...settings.flatMap((name) => ["-e", name]), "-v", `${image}:/image.tar:ro`, "-v", "berth-trivy:/root/.cache/trivy", ...(accepted === undefined ? [] : ["-v", `${accepted}:/accepted.yaml:ro`]), reference, "image"];
}

async function scan(file: string, args: string[], environment: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await execa(file, args, { env: environment, extendEnv: false, maxBuffer: 2 ** 28, timeout: longest })).stdout;
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
