import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { request as plainRequest } from "node:http";
import { request } from "node:https";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions, type DetailedPeerCertificate } from "node:tls";
import { promisify } from "node:util";
import { quickMonitoring } from "../monitoring/quick.ts";
import { Pebble } from "../servers/pebble.ts";
import { type Answer, docker, freePort, Project } from "../project.ts";

const run = promisify(execFile);
// `up` itself finds names under localhost without DNS.
const host = "members.tls.localhost";
const moved = "members.moved.localhost";
const handshaken = "members.alpn.localhost";
/** A second name of the application, which leads nowhere. */
const lost = "lost.invalid";

let project: Project;
let pebble: Pebble;
let https: number;
let issued: { serial: string; root: string };

before(async () => {
  project = await Project.create("tls");
  quickMonitoring(project);
  https = await freePort();
  pebble = await Pebble.create(`${project.stack}-pebble`, { http: project.http, https });
  await configure("tls.localhost");
});
after(async () => {
  await pebble[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

function configure(domain: string, challenge?: "tls-alpn"): Promise<void> {
  return project.configure((config) => {
    config["berth:domain"] = domain;
    config["berth:publish"] = { http: project.http, https };
    config["berth:tls"] = { email: "ops@example.com", server: pebble.directory, caCertificate: pebble.authority, ...(challenge !== undefined && { challenge }) };
    // It redirects what is not HTTPS, Traefik's health check too if that did not say so.
    config["berth:apps"] = { members: { replicas: 1, memory: "64MiB", env: { SECURE_SSL_REDIRECT: "yes" }, hosts: [lost] } };
  });
}

/** The server's certificate for a name, or what it answered to the handshake. */
function handshake(servername: string | undefined, options: ConnectionOptions = {}): Promise<DetailedPeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: https, ...(servername !== undefined && { servername }), rejectUnauthorized: false, timeout: 5000, ...options }, () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.on("error", reject).on("timeout", () => socket.destroy(new Error("no answer within 5 s")));
  });
}

function send(method: string, path: string, secure: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: secure ? https : project.http, method, path, headers: { host }, timeout: 10_000, agent: false as const };
    const sent = secure ? request({ ...options, servername: host, ca: issued.root }) : plainRequest(options);
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => (body += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
    sent.end();
  });
}

async function eventually<T>(what: string, look: () => Promise<T>, seconds = 30): Promise<T> {
  for (const started = Date.now(); ; await sleep(250)) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() - started > seconds * 1000) throw new Error(`${what}: not after ${seconds} s\n${await log()}`, { cause: error });
    }
  }
}

const traefik = async () => (await project.containers("traefik"))[0]?.Id ?? assert.fail("no Traefik");
const log = async () => (await run("docker", ["logs", await traefik()])).stdout;
const errors = async () => (await log()).split("\n").filter((line) => line.includes('"level":"error"')).join("\n");
const restart = async () => docker.getContainer(await traefik()).restart();
const inTraefik = async (...command: string[]) => (await run("docker", ["exec", await traefik(), ...command])).stdout.trim();

/** The name's certificate. Until Traefik has read its routes it has one of its own, and no options. */
const certificate = () =>
  eventually("a certificate", async () => {
    const presented = await handshake(host);
    assert.notEqual(presented.subject.CN, "TRAEFIK DEFAULT CERT");
    return presented;
  });

/** The hosts that Prometheus misses a certificate for: its alert waits for ten minutes more before it is sent. */
async function missed(): Promise<string[]> {
  const [prometheus] = await project.containers("prometheus");
  const query = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", 'ALERTS{alertname="CertificateMissing"} or up{job="traefik"} == 1'];
  const { stdout } = await run("docker", ["exec", prometheus?.Id ?? "", ...query]);
  assert.match(stdout, /up\{/, "Traefik is scraped");
  return [...stdout.matchAll(/^ALERTS.*\bhost="([^"]*)"/gm)].map(([, name = ""]) => name).toSorted();
}

test("without an ACME server the stack is deployed all the same, the log says what is wrong, and no name is served", async () => {
  await project.up();
  await eventually("the reason in the log", async () => assert.match(await errors(), new RegExp(`unable to obtain ACME certificate.*${host}|${host}.*unable to obtain ACME certificate`, "i")));
  assert.match(await errors(), /connection refused/);
  await assert.rejects(handshake(host), /alert/i);
  await eventually("the alert is on its way", async () => assert.deepEqual(await missed(), [lost, host]));
});

test("a certificate is issued by HTTP-01 once the server is there, and the application answers with it; another name that leads nowhere is missed alone", async () => {
  await pebble.start([host, moved, handshaken]);
  await restart();
  const { serialNumber, subjectaltname } = await certificate();
  assert.equal(subjectaltname, `DNS:${host}`);
  issued = { serial: serialNumber, root: await pebble.root() };
  const { status } = await eventually("the application", async () => {
    const answer = await send("GET", "/health", true);
    assert.equal(answer.status, 200);
    return answer;
  });
  assert.equal(status, 200);
  await eventually("one certificate is missed", async () => assert.deepEqual(await missed(), [lost]));
  await assert.rejects(handshake(lost), /alert/i);
  assert.equal(await inTraefik("stat", "-c", "%a %u", "/var/lib/traefik/acme.json"), "600 65532");
});

test("HTTP is redirected for good, with path and query, and POST stays POST", async () => {
  const get = await send("GET", "/health?a=1", false);
  assert.deepEqual([get.status, get.headers.location], [301, `https://${host}:${https}/health?a=1`]);
  const post = await send("POST", "/graphql", false);
  assert.deepEqual([post.status, post.headers.location], [308, `https://${host}:${https}/graphql`]);
});

test("browsers are told to stay with HTTPS, and not to guess", async () => {
  const { headers } = await send("GET", "/health", true);
  assert.equal(headers["strict-transport-security"], "max-age=31536000");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["x-frame-options"], "SAMEORIGIN");
});

test("TLS 1.1, weak suites, an unknown name and none are refused", async () => {
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" } as const;
  await assert.rejects(handshake(host, old), /protocol version/i);
  for (const ciphers of ["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256"]) {
    await assert.rejects(handshake(host, { maxVersion: "TLSv1.2", ciphers: `${ciphers}:@SECLEVEL=0` }), /handshake failure/i, ciphers);
  }
  await handshake(host, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" });
  await handshake(host, { minVersion: "TLSv1.3" });
  await assert.rejects(handshake("other.tls.localhost"), /alert/i);
  await assert.rejects(handshake(undefined), /alert/i);
});

test("a second up changes nothing, and a restart of Traefik keeps the certificate", async () => {
  assert.deepEqual((await project.up()).changes, {});
  await restart();
  assert.equal((await certificate()).serialNumber, issued.serial);
});

test("a handshake proves a name as well (TLS-ALPN-01); the certificates of before stay", async () => {
  await configure("alpn.localhost", "tls-alpn");
  await project.up();
  await eventually("a certificate", async () => assert.equal((await handshake(handshaken)).subjectaltname, `DNS:${handshaken}`));
  assert.equal((await handshake(host)).serialNumber, issued.serial);
  // It says which addresses it asks by HTTP, and of a handshake nothing.
  const { stdout } = await run("docker", ["logs", pebble.name]);
  assert.ok(stdout.includes(`http://${host}`) && !stdout.includes(`http://${handshaken}`), stdout);
  await configure("tls.localhost");
  await project.up();
});

test("with the ACME server down the certificate keeps serving, through restarts and deploys; the log names the new name", async () => {
  await pebble.stop();
  await restart();
  assert.equal((await certificate()).serialNumber, issued.serial);
  assert.equal((await send("GET", "/health", true)).status, 200);
  await configure("moved.localhost");
  await project.up();
  await eventually("the new name in the log", async () => assert.match(await errors(), new RegExp(`ACME certificate.*${moved}|${moved}.*ACME certificate`, "i")));
  assert.match(await errors(), /connection refused/);
  await assert.rejects(handshake(moved), /alert/i);
  assert.equal((await handshake(host)).serialNumber, issued.serial);
});

test("an acme.json that others may read is refused with what to do", async () => {
  await inTraefik("chmod", "644", "/var/lib/traefik/acme.json");
  await restart();
  await eventually("the reason in the log", async () => assert.match(await errors(), /permissions 644 for .*acme\.json are too open, please use 600/));
  await inTraefik("chmod", "600", "/var/lib/traefik/acme.json");
  await restart();
  assert.equal((await certificate()).serialNumber, issued.serial);
});
