import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { canary, type Given } from "../app/kinds.ts";
import { docker } from "../project.ts";

/** An application that `berth init` took over. */
export function init(given: Given): void {
  test("init writes app.ts and one entry, takes over no secret, and leaves the repository as it is", () => {
    const { project, taken: { git, written } } = given();
    assert.equal(written.code, 0, written.output);
    const stack = readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8");
    const app = readFileSync(join(project.dir, "apps", "notes", "app.ts"), "utf8");
    for (const text of [stack, app, written.output]) assert.doesNotMatch(text, /canary-of-the-sample/);
    assert.match(stack, /notes:\n\s+env:\n\s+NOTES_TITLE: notes\n/);
    assert.match(app, /database: true/);
    assert.match(app, /dockerfile: "docker\/notes\.Dockerfile"/);
    assert.match(app, /port: 8080/);
    assert.match(app, /timeout: 20/);
    assert.match(app, /capabilities: \["CHOWN", "SETUID", "SETGID"\]/);
    assert.match(written.stdout, new RegExp(`http://notes\\.localhost:${project.http}`));
    for (const title of ["Found:", "Less hardened", "Assumed:", "Check:"]) assert.ok(written.stdout.includes(title), title);
    assert.equal(git("status", "--porcelain"), "");
  });

  test("the preview names each loosened field; up deploys it, and it answers through Traefik", async () => {
    const { project, printed } = given();
    assert.match(printed, /notes is less hardened/);
    for (const field of ["root", "capabilities", "writableRoot", "plainSecrets"]) assert.match(printed, new RegExp(`unprepared\\.${field}:`));
    assert.equal((await project.get("/index.html", "notes")).body, `notes ${canary.length} postgresql 0`);
  });

  test("its secret is in no setting of a container; exec and run have it as the program has", async () => {
    const { project } = given();
    for (const { Id } of await project.containers()) assert.ok(!JSON.stringify(await docker.getContainer(Id).inspect()).includes(canary));
    for (const command of ["exec", "run"]) {
      const { stdout, output } = await project.berth([command, "notes", "-s", project.stack, "--", "sh", "-c", "echo ${#NOTES_PASSWORD}"]);
      assert.equal(stdout.trim(), String(canary.length), `${command}: ${output}`);
    }
  });

  test("its build was given its secret, which is in no layer, history or state", async () => {
    const { project } = given();
    const { stdout, output } = await project.berth(["exec", "notes", "-s", project.stack, "--", "cat", "/etc/token-length"]);
    assert.equal(stdout.trim(), String(canary.length), output);
    const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "notes");
    const image = docker.getImage(web?.ImageID ?? "");
    assert.ok(!JSON.stringify([await image.history(), await image.inspect()]).includes(canary));
    assert.throws(() => execFileSync("grep", ["-rlF", canary, join(project.dir, ".berth"), join(project.dir, `Pulumi.${project.stack}.yaml`)]), { status: 1 }, "in plain text in the state or the stack file");
  });

  test("init asks the image: ids, group, port, times and volumes that the text of its Dockerfile does not say", async () => {
    const { project, taken: { repository } } = given();
    const file = join(project.dir, `Pulumi.${project.stack}.yaml`);
    const before = readFileSync(file, "utf8");
    const run = await project.berth(["init", repository, "--name", "asked", "--context", "docker", "--target", "prod", "--build-arg", "UID=4321", "-s", project.stack]);
    writeFileSync(file, before);
    assert.equal(run.code, 0, run.output);
    const app = readFileSync(join(project.dir, "apps", "asked", "app.ts"), "utf8");
    for (const line of ['target: "prod"', 'UID: "4321"', "port: 80,", 'path: "/healthz"', "wait: 210", "timeout: 20", "user: 4321", "group: 0", '"/var/lib/notes"', 'command: ["/usr/bin/env", "sleep", "1000"]']) assert.ok(app.includes(line), `${line}\n${app}`);
    assert.match(app, /USER app \(line 7 of the Dockerfile\), 4321:0 in its \/etc\/passwd/);
    assert.match(run.stdout, /it stops by SIGINT/);
    assert.match(run.stdout, /it exposes 22\/tcp, 53\/udp, 80\/tcp; requests go to 80/);
  });

  test("init refuses what is there already, and what it can't build, and writes nothing", async (context) => {
    const { project, taken: { repository } } = given();
    const before = readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8");
    const stack = ["-s", project.stack];
    const again = await project.berth(["init", repository, "--name", "notes", ...stack]);
    assert.equal(again.code, 2);
    assert.match(again.output, /apps\/notes exists already/);
    const empty = await project.berth(["init", join(repository, ".git"), "--name", "other", ...stack]);
    assert.equal(empty.code, 2);
    assert.match(empty.output, /has no Dockerfile/);
    const bare = mkdtempSync(join(tmpdir(), "berth-bare-"));
    context.after(() => rmSync(bare, { recursive: true }));
    writeFileSync(join(bare, "Dockerfile"), "FROM debian:trixie-slim\n");
    copyFileSync(join(repository, ".env.example"), join(bare, ".env.example"));
    const port = await project.berth(["init", bare, "--name", "other", ...stack]);
    assert.equal(port.code, 2);
    assert.match(port.output, /port .* is missing, and there is nobody to ask: add --port <n>/);
    for (const [line, said] of [["USER strange", /USER strange, which is not in its \/etc\/passwd/], ["ARG RELEASE\nRUN echo it broke && false", /the image can't be built \(docker buildx build [\s\S]*it broke[\s\S]*It was built without --build-arg RELEASE=<value>/]] as const) {
      writeFileSync(join(bare, "Dockerfile"), `FROM debian:trixie-slim\n${line}\n`);
      const refused = await project.berth(["init", bare, "--name", "other", "--port", "80", ...stack]);
      assert.equal(refused.code, 1);
      assert.match(refused.output, said);
    }
    assert.equal(readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8"), before);
  });

  test("init of a git address fetches its commit by HTTPS, and names both as what the image is built from", async (context) => {
    const { project, taken: { repository, git } } = given();
    git("update-server-info");
    // The commit has another Dockerfile than the folder, in which the running application is built.
    writeFileSync(join(repository, "Dockerfile"), "FROM debian:trixie-slim\n");
    const keys = mkdtempSync(join(tmpdir(), "berth-git-"));
    const [key, certificate] = [join(keys, "key.pem"), join(keys, "authority.pem")];
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=git", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], { stdio: "ignore" });
    const asked: string[] = [];
    const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
      const path = (request.url ?? "").replace(/\?.*/, "");
      asked.push(path);
      createReadStream(join(repository, ".git", path.replace(/^\/acme\/Notes-2\.git/, ""))).on("error", () => response.writeHead(404).end()).pipe(response);
    });
    context.after(() => {
      server.close();
      git("checkout", "--quiet", "Dockerfile");
      rmSync(keys, { recursive: true });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const origin = `127.0.0.1:${(server.address() as AddressInfo).port}/acme/Notes-2.git`;
    const commit = git("rev-parse", "HEAD").trim();
    const init = (address: string) => project.berth(["init", address, "-s", project.stack], { environment: { GIT_SSL_CAINFO: certificate } });

    const unnamed = await init(`https://${origin}`);
    assert.equal(unnamed.code, 2);
    assert.ok(unnamed.output.includes(`./berth init 'https://${origin}#${commit}'`), unnamed.output);
    const open = await init(`http://${origin}#${commit}`);
    assert.equal(open.code, 2);
    assert.match(open.output, /is not an https:\/\/ address/);
    const absent = await init(`https://${origin}#${"0".repeat(40)}`);
    assert.equal(absent.code, 1);
    assert.match(absent.output, /can't be fetched/);

    const found = await init(`https://${origin}#${commit}`);
    assert.equal(found.code, 0, found.output);
    assert.ok(asked.some((path) => path.endsWith(`/objects/${commit.slice(0, 2)}/${commit.slice(2)}`)), "the commit was not fetched from there");
    const app = readFileSync(join(project.dir, "apps", "notes-2", "app.ts"), "utf8");
    assert.ok(app.includes(`context: "https://${origin}#${commit}"`), app);
    assert.match(app, /port: 8080/);
    assert.match(readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8"), /notes-2:\n\s+env:\n\s+NOTES_TITLE: notes\n/);
    // How an image is built from such an address: app/unprepared.ts. The engine's own git would not know this authority.
  });
}
