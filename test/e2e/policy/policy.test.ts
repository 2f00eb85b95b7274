import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { promisify } from "node:util";
import { FakeForge } from "../servers/fake-forge.ts";
import { docker, engine, Project, type Run } from "../project.ts";

let project: Project;
let forge: FakeForge;

before(async () => {
  [project, forge] = await Promise.all([Project.create("policy"), FakeForge.start()]);
});
afterEach(async () => project.configure());
after(async () => {
  await Promise.all([project[Symbol.asyncDispose](), forge[Symbol.asyncDispose]()]);
});

/** A preview, posted to a pull request; the comment without the line that marks it. */
async function posted(...options: string[]): Promise<Run & { comment: string }> {
  const run = await project.berth(["preview", "-s", project.stack, "--comment", "7", ...options], { environment: forge.environment });
  assert.equal(forge.comments.length, 1, `one comment, kept up to date:\n${run.output}`);
  const [marker, ...lines] = forge.comments[0]?.body.split("\n") ?? [];
  assert.equal(marker, `<!-- berth preview ${project.stack} -->`);
  assert.match(run.output, /· posted: https:\/\/github\.com\/acme\/shop\/pull\/7#issuecomment-1\n/);
  return { ...run, comment: lines.join("\n") };
}

const up = async (): Promise<Run & { comment?: string }> => project.berth(["up", "-s", project.stack]);

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
      const { code, stdout, output, comment } = command === "preview" ? await posted("--markdown") : await up();
      assert.equal(code, 6, output);
      if (comment !== undefined) refusedIn(comment, stdout);
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

function refusedIn(comment: string, stdout: string): void {
  assert.equal(stdout, comment, "standard output has the same Markdown");
  assert.match(comment, new RegExp(`^## Preview of \`${project.stack}\`\n\n\\*\\*The policy refuses this change:\\*\\* \\d+ findings\\. Nothing was previewed, and \`\\./berth up\` refuses it too\\.\n`));
  for (const rule of broken) assert.match(comment, new RegExp(`\n### \`${rule}\`\n\n- \`Container intruder\`: \`.*\`\n\nAllowed: \`.*\`\n\nFix: \`.*\`\n`));
  assert.match(comment, /\n### `privileged`\n\n- `Container intruder`: `true`\n\nAllowed: `false`\n\nFix: ``take `privileged` out/);
  assert.ok(!comment.includes("canary-of-the-policy"));
}

test("an application's image from another repository is refused, by the stack file alone", async () => {
  const image = `ghcr.io/somebody-else/members@sha256:${"0".repeat(64)}`;
  await project.configure((config) => {
    config["berth:apps"] = { members: { replicas: 1, memory: "64MiB", image } };
  });
  for (const command of ["preview", "up"]) {
    const { code, stdout, output, comment } = command === "preview" ? await posted("--json") : await up();
    assert.equal(code, 6, output);
    if (comment !== undefined) {
      assert.ok(comment.includes(`\n- \`Container members-web-0\`: \`${image}\`\n`), comment);
      const told = JSON.parse(stdout) as { error: string; code: number; stack: string; findings: Record<string, string>[] };
      assert.deepEqual([told.code, told.stack, told.error.includes("findings against the policy")], [6, project.stack, true]);
      const { rule, value, level } = told.findings.find(({ resource }) => resource === "Container members-web-0") ?? {};
      assert.deepEqual([rule, value, level], ["image-source", image, "mandatory"]);
    }
    assert.ok(output.includes(`Container members-web-0 breaks image-source: ${image}`), output);
    assert.ok(output.includes(`allowed: 127.0.0.1:${project.registryPort}/…`), output);
    await nothingMade();
  }
});

test("what stops a preview otherwise replaces the refusal in the comment, without a secret that it quotes", async () => {
  const program = readFileSync(join(project.dir, "index.ts"), "utf8");
  // The policy runs the program without secrets; the engine with them.
  const quoting = 'const quoted = new Config("members").get("KEY") ?? "";\nif (!quoted.startsWith("encrypted-in")) throw new Error(`the key ${quoted} is too old`);\n';
  project.write("index.ts", `import { Config } from "@pulumi/pulumi";\n${program}\n${quoting}`);
  try {
    const { code, stdout, output, comment } = await posted("--markdown");
    assert.equal(code, 1, output);
    assert.equal(stdout, comment);
    assert.match(comment, /^## Preview of .*\n\n\*\*The preview failed\.\*\* What `\.\/berth up` would do is not known\.\n\n```\n[\s\S]*the key \[secret\] is too old[\s\S]*\n```\n$/);
    assert.ok(!comment.includes(project.key));
  } finally {
    project.write("index.ts", program);
  }
  assert.deepEqual(forge.changes.map((change) => change.split("/")[0]), ["POST ", "PATCH ", "PATCH "]);
  await nothingMade();
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
