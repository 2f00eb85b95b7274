import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";
import { docker, engine, Project } from "./project.ts";

let project: Project;

before(async () => {
  project = await Project.create("policy");
});
afterEach(async () => project.configure());
after(async () => project[Symbol.asyncDispose]());

/** A container that breaks the rules in the ways that matter most, beside all that the program makes. */
const intruder = `
new docker.Container("intruder", {
  image: "mongo",
  privileged: true,
  networkMode: "host",
  envs: ["DB_PASSWORD=canary-of-the-policy"],
  volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/docker.sock" }],
  ports: [{ internal: 80, external: 8099 }],
}, on);
`;
const broken = ["image-digest", "image-latest", "image-source", "privileged", "host-namespaces", "docker-socket", "host-folders", "published-ports", "no-new-privileges", "capabilities", "read-only-root", "user", "plain-secrets", "limits", "processes", "health", "restart", "log-rotation"];

function intrude(): () => void {
  const program = readFileSync(join(project.dir, "index.ts"), "utf8");
  project.write("index.ts", program + intruder);
  return () => project.write("index.ts", program);
}

test("a container that breaks the rules: preview and up name each rule, the value and the fix, and make nothing", async () => {
  const restore = intrude();
  try {
    for (const command of ["preview", "up"]) {
      const { code, output } = await project.berth([command, "-s", project.stack]);
      assert.equal(code, 1, output);
      assert.match(output, new RegExp(`stack "${project.stack}": \\d+ findings against the policy; nothing was changed`));
      for (const rule of broken) assert.ok(output.includes(`Container intruder breaks ${rule}: `), `${command} does not name ${rule}:\n${output}`);
      assert.match(output, /breaks privileged: true\n +allowed: false\n +fix: +take `privileged` out/);
      assert.ok(!output.includes("canary-of-the-policy"), output);
      await nothingMade();
    }
  } finally {
    restore();
  }
});

test("an application's image from another repository is refused, by the stack file alone", async () => {
  const image = `ghcr.io/somebody-else/root@sha256:${"0".repeat(64)}`;
  await project.configure((config) => {
    config["berth:apps"] = { root: { replicas: 1, memory: "128MiB", image } };
  });
  for (const command of ["preview", "up"]) {
    const { code, output } = await project.berth([command, "-s", project.stack]);
    assert.equal(code, 1, output);
    assert.ok(output.includes(`Container root-web-0 breaks image-source: ${image}`), output);
    assert.ok(output.includes(`allowed: 127.0.0.1:${project.registryPort}/…`), output);
    await nothingMade();
  }
});

const noPacks = engine === "pulumi" ? false : "the embedded engine takes no policy packs: ./berth applies the rules itself";
test("plain pulumi with --policy-pack policy refuses the same, in its preview", { skip: noPacks }, async () => {
  const restore = intrude();
  const state = join(project.dir, ".plain-state");
  mkdirSync(state);
  const environment = { ...project.environment, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const pulumi = (args: string[]) =>
    promisify(execFile)("pulumi", [...args, "-s", project.stack, "--non-interactive", "--color", "never"], { cwd: project.dir, env: environment, maxBuffer: 64 * 1024 ** 2 }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      (error: { code?: number; stdout?: string; stderr?: string }) => ({ code: error.code, output: `${error.stdout ?? ""}${error.stderr ?? ""}` }),
    );
  try {
    const made = await pulumi(["stack", "init", "--no-select"]);
    assert.equal(made.code, 0, made.output);
    const { code, output } = await pulumi(["up", "--yes", "--policy-pack", "policy"]);
    assert.notEqual(code, 0, output);
    for (const rule of broken) assert.match(output, new RegExp(`\\[mandatory\\] +${rule} +\\(docker:index:Container: intruder\\)`), `it does not name ${rule}`);
    assert.ok(!output.includes("canary-of-the-policy"), output);
    await nothingMade();
  } finally {
    restore();
  }
});

async function nothingMade(): Promise<void> {
  const filters = { label: [`berth.stack=${project.stack}`] };
  assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
  assert.deepEqual(await docker.listNetworks({ filters }), []);
  assert.deepEqual((await docker.listVolumes({ filters })).Volumes, []);
  assert.deepEqual((await docker.listContainers({ all: true })).filter(({ Names }) => Names.some((name) => name.startsWith("/intruder"))), []);
}
