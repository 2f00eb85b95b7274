import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type Dockerode from "dockerode";
import { doctorTable } from "../../../../cli/setup/doctor.ts";
import { shortImage } from "../../../../cli/status/status.ts";
import { chooseDeployer } from "../../../../cli/deploy/choose-engine.ts";
import { OpsError } from "../../../../cli/exit.ts";
import { Project } from "../../../../cli/project.ts";
import { silent } from "../../../../cli/progress.ts";
import { chooseBackend, shownUrl } from "../../../../cli/setup/backend.ts";
import { requireSpace } from "../../../../cli/setup/disk.ts";
import { ensurePassphrase } from "../../../../cli/setup/passphrase.ts";
import { requirePorts } from "../../../../cli/setup/ports.ts";
import { ensureCli, findCli } from "../../../../cli/setup/pulumi.ts";
import { keepingStackFile, stackFileFor } from "../../../../cli/stack-file/stack-file.ts";

const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

const stackFile = "config:\n  berth:publish:\n    http: 18090\n";

/** The file by which the version of a provider is known. */
function generatedPackage(here: Project, name: string): string {
  const folder = join(here.folder, "node_modules", "@pulumi", name);
  mkdirSync(folder, { recursive: true });
  return join(folder, "package.json");
}

function project(): Project {
  const folder = mkdtempSync(join(tmpdir(), "berth-ops-"));
  folders.push(folder);
  writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\nruntime: nodejs\n");
  writeFileSync(join(folder, "Pulumi.dev.yaml"), stackFile);
  return new Project(folder);
}

describe("the passphrase", () => {
  test("is generated once, for its owner only", () => {
    const here = project();
    const first = ensurePassphrase(here, {});
    const file = join(here.folder, ".berth", "passphrase");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(first.value.length >= 40);
    assert.deepEqual(ensurePassphrase(here, {}), first);
    assert.deepEqual(first.variables, { PULUMI_CONFIG_PASSPHRASE_FILE: file });
  });

  test("of the environment is used as it is, even an empty one, and none is generated", () => {
    const here = project();
    assert.equal(ensurePassphrase(here, { PULUMI_CONFIG_PASSPHRASE: "" }).value, "");
    assert.throws(() => ensurePassphrase(here, { PULUMI_CONFIG_PASSPHRASE_FILE: "/nowhere" }), /names \/nowhere, which does not exist/);
    assert.throws(() => statSync(join(here.folder, ".berth", "passphrase")), /ENOENT/);
  });

  test("that is gone while there is state is an error: a new one could not read it", () => {
    const here = project();
    writeFileSync(here.generated("embedded", "dev.json"), "{}");
    assert.throws(() => ensurePassphrase(here, {}), /passphrase is gone, but \.berth\/embedded holds state/);
  });
});

describe("the state's backend", () => {
  test("is what the environment, Pulumi.yaml or a login say, in this order, or else a folder of the project", () => {
    const here = project();
    const home = here.generated("home", "x");
    const environment = { PULUMI_HOME: join(home, "..") };
    assert.equal(chooseBackend(here, environment).url, `file://${here.folder}/.berth/state`);
    writeFileSync(join(home, "..", "credentials.json"), JSON.stringify({ current: "s3://state" }));
    assert.deepEqual(chooseBackend(here, environment), { url: "s3://state", reason: "pulumi login", isNamed: true, variables: {} });
    writeFileSync(join(here.folder, "Pulumi.yaml"), "name: berth\nbackend: {url: 'gs://state'}\n");
    assert.equal(chooseBackend(here, environment).reason, "Pulumi.yaml");
    assert.equal(chooseBackend(here, { ...environment, PULUMI_BACKEND_URL: "file:///x" }).url, "file:///x");
  });

  test("is named where somebody said so; a variable that is empty, as an unset secret of a workflow is, says nothing", () => {
    const here = project();
    const PULUMI_HOME = join(here.folder, "home");
    const named = (environment: NodeJS.ProcessEnv) => chooseBackend(here, { PULUMI_HOME, ...environment }).isNamed;
    assert.deepEqual([{}, { PULUMI_BACKEND_URL: "" }, { PULUMI_BACKEND_URL: "s3://x" }, { PULUMI_ACCESS_TOKEN: "x" }].map(named), [false, false, true, true]);
  });

  test("is shown without passwords and keys", () => {
    assert.equal(shownUrl("postgres://berth:canary@db:5432/state?sslmode=require"), "postgres://[secret]@db:5432/state?sslmode=require");
    assert.equal(shownUrl("azblob://state?region=x&sas_token=canary&storage_account=y"), "azblob://state?region=x&sas_token=[secret]&storage_account=y");
    for (const plain of ["s3://state?endpoint=http://127.0.0.1:9000&s3ForcePathStyle=true&region=us-east-1", "file:///srv/state", "https://api.pulumi.com"]) assert.equal(shownUrl(plain), plain);
  });
});

describe("the stack file", () => {
  test("stays as it is while the salt is kept beside the state; one with a salt of its own is used directly", async () => {
    const here = project();
    const file = here.stackFile("dev");
    assert.equal(stackFileFor(here, "dev"), file);
    await keepingStackFile(here, "dev", () => Promise.resolve(writeFileSync(file, `${stackFile}encryptionsalt: v1:abc\n`)));
    assert.equal(readFileSync(file, "utf8"), stackFile);
    assert.equal(readFileSync(stackFileFor(here, "dev"), "utf8"), `${stackFile}encryptionsalt: v1:abc\n`);
    writeFileSync(file, `${stackFile}encryptionsalt: v1:own\n`);
    assert.equal(stackFileFor(here, "dev"), file);
  });

  test("a stack without one is an error that names those there are", () => {
    assert.throws(() => project().requireStack("dve"), /stack "dve" has no file Pulumi\.dve\.yaml: did you mean dev\?/);
  });

  test("says where the stack publishes, by its defaults where the file says nothing or nonsense", () => {
    const here = project();
    const { address, http } = here.settings("dev").publish;
    assert.deepEqual([address, http], ["127.0.0.1", 18_090]);
    writeFileSync(here.stackFile("dev"), "config:\n  berth:publish: nonsense\n");
    assert.equal(here.settings("dev").publish.http, 8080);
  });
});

describe("the Pulumi CLI", () => {
  /** A CLI on PATH that installs into PULUMI_HOME as `pulumi plugin install` does, and refuses an argument that is empty. */
  const installing = `#!/bin/sh
[ "$1" = version ] && echo v3.260.0 && exit
for word; do [ -n "$word" ] || { echo "invalid version" >&2; exit 1; }; done
mkdir -p "$PULUMI_HOME/plugins/$3-$4-v\${5:?}"
`;

  test("on PATH without its plugins, as on a hosted runner, is given those of package.json's versions and the host of its own", async () => {
    const here = project();
    const bin = here.generated("bin", "pulumi");
    writeFileSync(bin, installing, { mode: 0o755 });
    for (const [name, version] of [["docker", "5.2.0"], ["docker-build", "0.0.22"], ["random", "4.21.2"]] as const) writeFileSync(generatedPackage(here, name), JSON.stringify({ version }));
    const environment = { PATH: `${join(bin, "..")}:/bin:/usr/bin`, PULUMI_HOME: join(here.folder, "home") };
    const before = await findCli(here, environment);
    assert.ok("reason" in before && before.reason.endsWith("lacks language nodejs 3.260.0, resource docker 5.2.0, resource docker-build 0.0.22, resource random 4.21.2"), JSON.stringify(before));
    assert.deepEqual(await ensureCli(here, environment, silent), { command: bin, version: "v3.260.0", root: undefined });
    assert.deepEqual(readdirSync(join(here.folder, "home/plugins")).toSorted(), ["language-nodejs-v3.260.0", "resource-docker-build-v0.0.22", "resource-docker-v5.2.0", "resource-random-v4.21.2"]);
    // A provider of another version is none.
    writeFileSync(generatedPackage(here, "docker"), JSON.stringify({ version: "5.3.0" }));
    const later = await findCli(here, environment);
    assert.ok("reason" in later && later.reason.endsWith("lacks resource docker 5.3.0"), JSON.stringify(later));
  });
});

describe("which engine", () => {
  // Without a login that whoever runs the tests may have.
  const options = (here: Project, environment: NodeJS.ProcessEnv) => ({ project: here, stack: "dev", environment: { PULUMI_HOME: join(here.folder, "home"), ...environment }, report: silent, install: false });

  test("the embedded one where there is no CLI, with the reason", async () => {
    const { deployer, fallback } = await chooseDeployer(options(project(), { PATH: "/nowhere" }));
    assert.equal(deployer.engine, "embedded");
    assert.equal(fallback, "no pulumi on PATH");
  });

  test("a CLI that was asked for and is not there is a missing requirement; an unknown engine is wrong usage", async () => {
    const asked = chooseDeployer(options(project(), { PATH: "/nowhere", BERTH_ENGINE: "pulumi" }));
    await assert.rejects(asked, (error) => error instanceof OpsError && error.code === 3 && error.message.includes("no pulumi on PATH"));
    const unknown = chooseDeployer(options(project(), { BERTH_ENGINE: "terraform" }));
    await assert.rejects(unknown, (error) => error instanceof OpsError && error.code === 2 && error.message.includes('BERTH_ENGINE is "terraform"'));
  });

  test("a state that somebody names is read by the CLI, which is fetched by a command that only looks too, or is a missing requirement", async () => {
    const here = project();
    const bin = here.generated("bin", "pulumi");
    writeFileSync(bin, "#!/bin/sh\n[ \"$1\" = version ] && echo v3.200.0 && exit\necho \"no route to host\" >&2\nexit 1\n", { mode: 0o755 });
    for (const name of ["docker", "docker-build", "random"]) {
      writeFileSync(generatedPackage(here, name), JSON.stringify({ version: "1.2.3" }));
    }
    const environment = { PATH: `${join(bin, "..")}:/bin`, PULUMI_BACKEND_URL: "s3://state?access_key=canary" };
    const told: string[] = [];
    const step = () => ({ progress: (text: string) => void told.push(text), done: (text = "") => void told.push(text), fail: () => undefined });
    const looking = { ...options(here, environment), report: { ...silent, step } };
    await assert.rejects(chooseDeployer(looking), (error) => {
      assert.ok(error instanceof OpsError && error.code === 3);
      assert.match(error.message, /^the state of stack "dev" is in s3:\/\/state\?access_key=\[secret\] \(PULUMI_BACKEND_URL\), which takes the Pulumi CLI, but .* lacks .*resource docker 1\.2\.3.*can't be downloaded/);
      assert.match(error.message, /https:\/\/www\.pulumi\.com\/docs\/install.*\n.*--engine embedded/);
      return true;
    });
    assert.ok(told.some((text) => text.startsWith("installing the plugin ")), told.join("\n"));
    assert.equal((await chooseDeployer({ ...looking, engine: "embedded" })).deployer.engine, "embedded");
    writeFileSync(here.generated("embedded", "dev.json"), JSON.stringify({ deployment: { resources: [{ urn: "urn:a::b", type: "docker:index/volume:Volume", custom: true }] } }));
    assert.equal((await chooseDeployer(looking)).deployer.engine, "embedded");
  });

  test("a stack that the embedded engine made stays with it; a command other than up says how the CLI takes it over", async () => {
    const here = project();
    const environment = { PATH: "/nowhere", BERTH_ENGINE: "pulumi", PULUMI_CONFIG_PASSPHRASE: "x" };
    const state = (kind: string) => JSON.stringify({ deployment: { resources: [{ urn: "urn:a::b", type: `docker:index/${kind}`, custom: true }] } });
    writeFileSync(here.generated("embedded", "dev.json"), state("container:Container"));
    await assert.rejects(chooseDeployer(options(here, environment)), /runs on the embedded engine, .*: \.\/berth up -s dev --engine pulumi takes it over/);
    writeFileSync(here.generated("embedded", "dev.json"), state("volume:Volume"));
    await assert.rejects(chooseDeployer(options(here, environment)), /the Pulumi CLI was asked for/);
  });

  test("a take-over that was interrupted is named by every command, on either engine, until up goes on with it", async () => {
    const here = project();
    writeFileSync(here.generated("embedded", "dev.handing-over.json"), "{}");
    for (const BERTH_ENGINE of ["", "embedded", "pulumi"]) {
      await assert.rejects(chooseDeployer(options(here, { PATH: "/nowhere", PULUMI_CONFIG_PASSPHRASE: "x", BERTH_ENGINE })), /was interrupted: \.\/berth up -s dev --engine pulumi goes on with it/);
    }
    const up = chooseDeployer({ ...options(here, { PATH: "/nowhere", PULUMI_CONFIG_PASSPHRASE: "x" }), takesOver: true });
    await assert.rejects(up, (error) => error instanceof OpsError && error.code === 3 && error.message.includes("no pulumi on PATH"));
  });
});

describe("space and ports", () => {
  test("too little space is an error that names folder and need", () => {
    assert.match(requireSpace([tmpdir()], 1), /free at/);
    assert.throws(() => requireSpace([tmpdir()], 2 ** 60), /the disk is full: .* has .* free, but .* are needed/);
  });

  const docker = (containers: object[]) => ({ listContainers: () => Promise.resolve(containers) }) as unknown as Dockerode;
  const container = { Names: ["/web"], Ports: [{ PublicPort: 18_091 }], Labels: { "berth.stack": "dev" } };
  const endpoint = { address: "127.0.0.1", port: 18_091, field: "berth:publish.http" };

  test("a port that the stack itself publishes is free for it, and taken for another stack", async () => {
    await requirePorts(docker([container]), "dev", [endpoint]);
    await assert.rejects(requirePorts(docker([container]), "prod", [endpoint]), /port 18091 .*berth:publish\.http of stack "prod".* is taken by the container web: stop it, or/);
  });

  test("a port that the engine has bound for the stack's own container, which it does not list yet, is free for it", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const starting = {
      listContainers: ({ all = false } = {}) => Promise.resolve(all ? [{ Id: "traefik" }] : []),
      getContainer: () => ({ inspect: () => Promise.resolve({ HostConfig: { PortBindings: { "8000/tcp": [{ HostPort: String(port) }] } } }) }),
    } as unknown as Dockerode;
    try {
      await requirePorts(starting, "dev", [{ ...endpoint, port }]);
    } finally {
      server.close();
    }
  });

  test("a port that a process holds is taken, and the process is named", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await assert.rejects(requirePorts(docker([]), "dev", [{ ...endpoint, port }]), new RegExp(`port ${port} .*\\(process ${process.pid}\\)`));
    } finally {
      server.close();
    }
  });
});

describe("doctor and status", () => {
  const plain = { resultStyle: (_style: string, text: string) => text };

  test("a requirement is a row with what to do", () => {
    const text = doctorTable(
      [
        { name: "node", state: "ok", found: "24.1.0" },
        { name: "docker", state: "missing", found: "-", todo: "install it\nand more" },
      ],
      plain,
    );
    assert.deepEqual(text.split("\n").map((line) => line.split(/ {2,}/)), [["", "REQUIREMENT", "FOUND", "WHAT TO DO"], ["ok", "node", "24.1.0"], ["missing", "docker", "-", "install it"]]);
  });

  test("an image is shown with twelve digits of its digest", () => {
    assert.equal(shortImage(`a/b:1@sha256:${"0123456789ab".padEnd(64, "f")}`), "a/b:1@sha256:0123456789ab");
  });
});
