import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A socket on this machine that leads to the Docker Engine of another, as the `docker` client does it: each
 * connection is `ssh <host> docker system dial-stdio`. The user's own `ssh` checks the host's key and reads
 * ~/.ssh/config; an ssh library in this process would do neither.
 *
 * The socket is its owner's alone, and goes with the process.
 *
 * @example
 * new Dockerode({ socketPath: sshSocket("ssh://deploy@berth.example.com") });
 */
export function sshSocket(address: string, environment: NodeJS.ProcessEnv = process.env): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-ssh-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // A side that has said all may still listen: input piped into `berth exec` ends before the answer begins.
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    const ssh = spawn("ssh", [...sshArguments(address), "docker", "system", "dial-stdio"], {
      env: environment,
      stdio: ["pipe", "pipe", "inherit"],
    });
    ssh.on("error", (error) => connection.destroy(error));
    ssh.on("close", () => connection.destroy());
    connection.on("close", () => ssh.kill());
    // A side that has gone ends both; its error is told by what was asked through the socket.
    connection.on("error", () => ssh.kill());
    ssh.stdin.on("error", () => connection.destroy());
    // What asks through the socket keeps this process; a connection that waits for a next request does not.
    for (const end of [connection, ssh, ssh.stdin, ssh.stdout]) (end as { unref?: () => unknown }).unref?.();
    connection.pipe(ssh.stdin);
    ssh.stdout.pipe(connection);
  });
  const path = join(folder, "docker.sock");
  server.listen(path).unref();
  return path;
}

/** The arguments of `ssh` for `ssh://user@host:port`. `BatchMode` keeps it from asking where nobody answers. */
export function sshArguments(address: string): string[] {
  const { hostname, port, username } = new URL(address);
  return [
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=10",
    ...(port === "" ? [] : ["-p", port]),
    ...(username === "" ? [] : ["-l", decodeURIComponent(username)]),
    "--",
    hostname,
  ];
}
