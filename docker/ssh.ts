import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SshMasters } from "./ssh-masters.ts";

/**
 * A socket on this machine that leads to the Docker Engine of another, as the `docker` client does it: each request is a
 * session of `ssh <host> docker system dial-stdio`, and several share one connection. The user's own `ssh` checks the
 * host's key and reads ~/.ssh/config; an ssh library in this process would do neither.
 *
 * The socket is its owner's alone, and goes with the process.
 *
 * @example
 * new Dockerode({ socketPath: sshSocket("ssh://deploy@berth.example.com") });
 */
export function sshSocket(address: string, environment: NodeJS.ProcessEnv = process.env): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-ssh-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const remote = [...sshArguments(address), "docker", "system", "dial-stdio"];
  const masters = new SshMasters(folder, (options) => spawn("ssh", [...options, ...remote], { env: environment, stdio: ["pipe", "ignore", "inherit"] }));
  const lead = async (connection: Socket) => {
    const { options, end } = await masters.session();
    const ssh = spawn("ssh", [...options, ...remote], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
    ssh.on("error", (error) => connection.destroy(error));
    ssh.on("close", () => {
      end();
      connection.destroy();
    });
    // A side that has gone ends both.
    connection.on("close", () => ssh.kill()).on("error", () => ssh.kill());
    if (connection.destroyed) ssh.kill();
    ssh.stdin.on("error", () => connection.destroy());
    // What asks through the socket keeps this process; a connection that waits for a next request does not.
    for (const part of [connection, ssh, ssh.stdin, ssh.stdout]) (part as { unref?: () => unknown }).unref?.();
    connection.pipe(ssh.stdin);
    ssh.stdout.pipe(connection);
  };
  // A side that has said all may still listen: input piped into `berth exec` ends before the answer begins.
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    // What comes until there is a session waits in the socket.
    connection.on("error", () => undefined); // its error is told by what was asked through the socket
    lead(connection).catch((error: unknown) => connection.destroy(error as Error));
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
