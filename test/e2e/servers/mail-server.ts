import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";

const run = promisify(execFile);

// The server that MailDev is made with, as those of the world are: STARTTLS first, then the login, then mail.
const program = `
const { readFileSync } = require("node:fs");
const { SMTPServer } = require("smtp-server");
const accepted = ({ username, password }) => username === process.env.LOGIN && password === process.env.PASSWORD;
new SMTPServer({
  key: readFileSync("/mail/key.pem"),
  cert: readFileSync("/mail/certificate.pem"),
  onAuth: (auth, session, done) => accepted(auth) ? done(null, { user: auth.username }) : done(new Error("wrong login")),
  onData: (stream, session, done) => {
    let text = "";
    stream.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => {
      console.log(JSON.stringify({ secure: session.secure, to: session.envelope.rcptTo.map(({ address }) => address), text }));
      done();
    });
  },
}).listen(587, () => console.log("listening"));
`;

export interface Mail {
  /** It came over TLS. */
  secure: boolean;
  to: string[];
  /** Headers and body, lines that were broken for the way joined again. */
  text: string;
}

/** A mail server with a private certificate and a login, on a network of the stack. */
export class MailServer implements AsyncDisposable {
  readonly host = "mail.berth.test:587";
  readonly login = { username: "berth", password: "mail-server-password" };
  /** PEM file of the authority behind its certificate. */
  readonly authority: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "berth-mail-"));
  private readonly name: string;

  private constructor(name: string) {
    this.name = name;
    this.authority = join(this.folder, "certificate.pem");
  }

  /** Makes its certificate; it runs from {@link start} on. */
  static async create(name: string): Promise<MailServer> {
    const server = new MailServer(name);
    await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=mail", "-addext", "subjectAltName=DNS:mail.berth.test", "-keyout", join(server.folder, "key.pem"), "-out", server.authority]);
    // MailDev's user is not the one who made them.
    chmodSync(server.folder, 0o755);
    chmodSync(join(server.folder, "key.pem"), 0o644);
    return server;
  }

  async start(network: string): Promise<void> {
    await run("docker", ["rm", "--force", this.name]);
    const { username, password } = this.login;
    const options = ["--network", network, "--network-alias", "mail.berth.test", "--volume", `${this.folder}:/mail:ro`, "--env", `LOGIN=${username}`, "--env", `PASSWORD=${password}`];
    await run("docker", ["run", "--detach", "--name", this.name, ...options, "--entrypoint", "node", "--workdir", "/home/node", lock.maildev, "-e", program]);
    await eventually("the mail server listens", 20_000, async () => {
      const said = await this.said();
      return said.startsWith("listening") ? undefined : said;
    });
  }

  async received(): Promise<Mail[]> {
    const lines = (await this.said()).split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => {
      const mail = JSON.parse(line) as Mail;
      return { ...mail, text: mail.text.replaceAll("=\r\n", "") };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("docker", ["rm", "--force", this.name]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async said(): Promise<string> {
    const { stdout, stderr } = await run("docker", ["logs", this.name], { maxBuffer: 16 << 20 });
    return stdout + stderr;
  }
}
