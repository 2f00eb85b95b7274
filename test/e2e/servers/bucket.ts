import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { docker, freePort } from "../project.ts";

const run = promisify(execFile);

// A server of another project that answers as S3 does: Versity's gateway, one static program, whose objects are files.
const image = "berth-test-s3:v1.0.14";
const dockerfile = `FROM ${lock.go} AS build
ENV CGO_ENABLED=0 GOBIN=/out
RUN go install -trimpath -ldflags "-s -w" github.com/versity/versitygw/cmd/versitygw@v1.0.14 && rm -rf /go/pkg /root/.cache
FROM scratch
COPY --from=build /out/versitygw /versitygw
`;

export interface BucketOptions {
  /** Its container's name. */
  name: string;
  /** Where its certificate, and below s3/ its objects, are. */
  folder: string;
  bucket: string;
  keys: { key: string; secret: string };
  /** On the address of Docker's bridge by HTTPS, with a certificate that nobody trusts; else on 127.0.0.1 by HTTP. */
  tls: boolean;
}

/** A store with one bucket, of no stack. Removed by `await using`; its objects stay. */
export class Bucket implements AsyncDisposable {
  /** `address:port`. */
  readonly endpoint: string;
  /** Its container's name. */
  readonly name: string;

  private constructor(name: string, endpoint: string) {
    this.name = name;
    this.endpoint = endpoint;
  }

  static async create({ name, folder, bucket, keys, tls }: BucketOptions): Promise<Bucket> {
    await build();
    mkdirSync(join(folder, "s3", bucket), { recursive: true });
    const certificate = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    if (tls) execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=s3", ...certificate], { stdio: "ignore" });
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const address = tls ? (bridge.IPAM.Config[0]?.Gateway ?? "") : "127.0.0.1";
    const made = new Bucket(name, `${address}:${await freePort()}`);
    // A run that was killed must not stand in the way of this one.
    await made[Symbol.asyncDispose]();
    const container = await docker.createContainer({
      name,
      Image: image,
      Entrypoint: ["/versitygw"],
      Cmd: ["--port", ":7070", ...(tls ? ["--cert", "/tls/cert.pem", "--key", "/tls/key.pem"] : []), "posix", "--sidecar", "/meta", "/s3"],
      Env: [`ROOT_ACCESS_KEY_ID=${keys.key}`, `ROOT_SECRET_ACCESS_KEY=${keys.secret}`],
      Labels: { "berth.test": name },
      ExposedPorts: { "7070/tcp": {} },
      HostConfig: {
        Binds: [`${folder}:/tls:ro`, `${join(folder, "s3")}:/s3`],
        Tmpfs: { "/meta": "size=64m" },
        PortBindings: { "7070/tcp": [{ HostIp: address, HostPort: made.endpoint.split(":")[1] }] },
      },
    });
    await container.start();
    await eventually("the S3 server answers", 30_000, () => answers(`${tls ? "https" : "http"}://${made.endpoint}/`));
    return made;
  }

  async stop(): Promise<void> {
    await docker.getContainer(this.name).stop({ t: 5 });
  }

  async start(): Promise<void> {
    await docker.getContainer(this.name).start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("docker", ["rm", "--force", this.name]);
  }
}

/** Undefined once it does: who has no login is refused. */
function answers(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = (url.startsWith("https") ? https : http).get(url, { rejectUnauthorized: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(undefined);
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 1 s"))).on("error", ({ message }) => resolve(message));
  });
}

/** Once on each machine: the engine keeps the image. */
async function build(): Promise<void> {
  const there = await docker.getImage(image).inspect().then(() => true, () => false);
  if (there) return;
  const building = run("docker", ["buildx", "build", "--builder", "default", "--load", "--quiet", "--tag", image, "-"], { maxBuffer: 2 ** 24 });
  building.child.stdin?.end(dockerfile);
  await building;
}
