import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { debianAddresses } from "../../standins/machine.ts";
import { mirror } from "../../standins/mirror.ts";
import { run } from "../../standins/docker.ts";
import { SetupError } from "./error.ts";

/** What of the operating system matters for installing an engine. */
export interface System {
  name: string;
  family: "debian" | "ubuntu" | undefined;
  /** Debian's or Ubuntu's release, for example bookworm. */
  codename: string;
  /** 12 for bookworm; NaN where unknown. */
  version: number;
  root: boolean;
  /** systemd is what started this system. */
  systemd: boolean;
}

export function readSystem(osRelease = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : ""): System {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const id = field("ID");
  return {
    name: field("PRETTY_NAME") || "this system",
    family: id === "debian" || id === "ubuntu" ? id : undefined,
    codename: field("VERSION_CODENAME"),
    version: Number.parseFloat(field("VERSION_ID")),
    root: process.getuid?.() === 0,
    systemd: existsSync("/run/systemd/system"),
  };
}

/** Debian 12's own engine is 20.10: there, and only for these packages, the next release's are taken. */
export function fromTrixie(system: System): boolean {
  return system.family === "debian" && system.version < 13;
}

/** What of an engine is to be installed. */
export interface Wanted {
  engine: boolean;
  client: boolean;
  /** What makes the stand-ins' Debian. */
  standIns: boolean;
}

/** The packages by their names in this release. */
export function aptPackages(system: System, wanted: Wanted): string[] {
  const compose = system.family === "ubuntu" ? "docker-compose-v2" : "docker-compose";
  return [
    ...(wanted.engine ? ["docker.io", compose, "iptables", "iproute2"] : []),
    ...(wanted.engine || wanted.client ? ["docker-cli", "docker-buildx", "ca-certificates"] : []),
    ...(wanted.standIns ? ["mmdebstrap", "debian-archive-keyring"] : []),
  ];
}

const trixieSource = "/etc/apt/sources.list.d/berth-trixie.sources";
const trixiePin = "/etc/apt/preferences.d/berth-trixie";

/** Where systemd starts the engine as soon as it is installed: it asks the mirror for Docker Hub's images. An existing file stays as it is. */
export function writeMirrorSetting(): void {
  if (existsSync("/etc/docker/daemon.json")) return;
  mkdirSync("/etc/docker", { recursive: true });
  writeFileSync("/etc/docker/daemon.json", `${JSON.stringify({ "registry-mirrors": [mirror.url] }, null, 2)}\n`);
}

/** Installs packages with apt-get, of those that this release has. Throws `CommandError`. */
export async function installPackages(system: System, packages: readonly string[]): Promise<void> {
  const trixie = fromTrixie(system) && packages.some((name) => name.startsWith("docker"));
  // Before its first update apt knows addresses, but not whose they are.
  await run("apt-get", ["update", "-q"]);
  if (trixie && !(await knowsTrixie())) {
    const { main } = await debianAddresses();
    if (main === undefined) throw new SetupError("apt names no Debian archive, where a Docker Engine for Debian 12 could be had: add one to /etc/apt/sources.list.d, or install Docker Engine 25 or later by hand");
    // Priority 100: no package of trixie is ever taken unless it is asked for by name.
    writeFileSync(trixiePin, "Package: *\nPin: release n=trixie\nPin-Priority: 100\n");
    writeFileSync(trixieSource, `Types: deb\nURIs: ${main}\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`);
    await run("apt-get", ["update", "-q"]);
  }
  const known = (await run("apt-cache", ["pkgnames"])).stdout.split("\n");
  // Ubuntu's docker.io has the client in it.
  const available = packages.filter((name) => known.includes(name)).map((name) => (trixie && name.startsWith("docker") ? `${name}/trixie` : name));
  await run("apt-get", ["install", "-qy", "--no-install-recommends", ...available], { env: { DEBIAN_FRONTEND: "noninteractive" } });
}

async function knowsTrixie(): Promise<boolean> {
  return await run("apt-cache", ["policy"]).then((result) => /\bn=trixie\b/.test(result.stdout), () => false);
}
