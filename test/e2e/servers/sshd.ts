import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { eventually } from "../eventually.ts";
import { freePort } from "../project.ts";

/**
 * OpenSSH's own sshd in front of this machine's Docker Engine, with the bounds of its defaults, and the machine's own `ssh` set
 * up to know its key and nothing else. Removed by `await using`.
 */
export class Sshd implements AsyncDisposable {
  /** What berth:docker or DOCKER_HOST names. */
  readonly host: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "berth-sshd-"));
  private readonly port: number;
  private readonly stopped = new AbortController();

  private constructor(port: number) {
    this.port = port;
    this.host = `ssh://${userInfo().username}@127.0.0.1:${port}`;
  }

  /** Why there can be none on this machine; undefined where there can. */
  static missing(): string | undefined {
    return program() === undefined ? "no sshd on this machine" : undefined;
  }

  static async create(): Promise<Sshd> {
    const sshd = new Sshd(await freePort());
    await sshd.start();
    return sshd;
  }

  /** With `ssh` on its PATH. DOCKER_HOST names the way by it, or a socket where nothing is, so that another must be named. */
  environment(dockerHost: "ssh" | "nowhere"): NodeJS.ProcessEnv {
    return { PATH: `${this.folder}${delimiter}${process.env["PATH"]}`, DOCKER_HOST: dockerHost === "ssh" ? this.host : `unix://${join(this.folder, "no-engine.sock")}` };
  }

  /** Connections that were let in so far. */
  get logins(): number {
    return (readFileSync(join(this.folder, "log"), "utf8").match(/^Accepted publickey/gm) ?? []).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopped.abort();
    rmSync(this.folder, { recursive: true, force: true });
    return Promise.resolve();
  }

  private async start(): Promise<void> {
    const at = (name: string) => join(this.folder, name);
    for (const name of ["host", "identity"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
    const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
    writeFileSync(at("known"), `[127.0.0.1]:${this.port} ${readFileSync(at("host.pub"), "utf8")}`);
    writeFileSync(at("client"), ["StrictHostKeyChecking yes", `UserKnownHostsFile ${at("known")}`, `IdentityFile ${at("identity")}`, "IdentitiesOnly yes", "IdentityAgent none", ""].join("\n"));
    writeFileSync(at("ssh"), `#!/bin/sh\nexec ${real} -F ${at("client")} "$@"\n`, { mode: 0o755 });
    const own = process.env["DOCKER_HOST"];
    const server = ["ListenAddress 127.0.0.1", `HostKey ${at("host")}`, `AuthorizedKeysFile ${at("identity.pub")}`, "StrictModes no", "UsePAM no", "PidFile none", "PermitRootLogin yes", ...(own === undefined ? [] : [`SetEnv DOCKER_HOST=${own}`]), ""];
    writeFileSync(at("server"), server.join("\n"));
    // Where it separates its privileges.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const child = spawn(program() ?? "sshd", ["-D", "-e", "-f", at("server"), "-p", String(this.port)], { stdio: ["ignore", "ignore", openSync(at("log"), "w")], signal: this.stopped.signal });
    child.on("error", () => undefined);
    await eventually("sshd listens", 10_000, () => Promise.resolve(/Server listening/.test(readFileSync(at("log"), "utf8")) ? undefined : readFileSync(at("log"), "utf8")));
  }
}

/** It must be called by its whole path. */
function program(): string | undefined {
  return [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"].map((folder) => join(folder, "sshd")).find((file) => existsSync(file));
}
