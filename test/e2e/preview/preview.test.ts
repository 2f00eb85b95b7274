import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FakeForge } from "../servers/fake-forge.ts";
import { docker, engine, Project } from "../project.ts";

// One stack with one application of Debian's own image; each test goes on from the one before.
const definition = `
export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/server.pl"], health: { path: "/", command: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"] } },
  jobs: { migrate: ["true"] },
  secrets: { API_KEY: "a key", OTHER_KEY: "another" },
};
`;
const server = (text: string) => `use IO::Socket::INET;
@SIG{qw(TERM PIPE)} = (sub { exit }, "IGNORE");
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
while (my $client = $server->accept) {
  while (<$client>) { last unless /\\S/ }
  print $client "HTTP/1.1 200 OK\\r\\nContent-Length: ${text.length}\\r\\nConnection: close\\r\\n\\r\\n${text}";
  close $client;
}
`;
const canaries = ["canary-preview-one", "canary-preview-two"];

let project: Project;
let keys: { secure: string }[];
const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { encoding: "utf8" }).trim();
const commit = (subject: string) => {
  git("add", "apps/hello");
  git("commit", "-qm", subject);
  return git("rev-parse", "HEAD");
};
const configure = (replicas: number, greeting: string, key: number) =>
  project.configure((config) => {
    delete config["members:KEY"];
    config["berth:apps"] = { hello: { replicas, memory: "32MiB", env: { GREETING: greeting } } };
    config["hello:API_KEY"] = keys[key];
    config["hello:OTHER_KEY"] = keys[2];
  });
const berth = (...args: string[]) => project.berth([args[0] ?? "", "-s", project.stack, ...args.slice(1)]);
const plan = () => join(project.dir, "hello.plan");

let first: string;
let second: string;

before(async () => {
  project = await Project.create("preview");
  keys = await Promise.all([...canaries, "a-key-that-stays"].map((value) => project.encrypted(value)));
  project.write("apps/hello/app.ts", definition);
  project.write("apps/hello/server.pl", server("one"));
  project.write("apps/hello/Dockerfile", "FROM debian:trixie-slim\nCOPY server.pl /server.pl\n");
  project.write("apps/hello/migrations/0001_first.sql", "CREATE TABLE members (name text);\n");
  git("init", "-q", "-b", "main");
  first = commit("feat: hello");
  await configure(2, "hi", 0);
  await project.up();
});
after(async () => project[Symbol.asyncDispose]());

test("a stack as its program says has nothing to preview", async () => {
  const [text, markdown] = await Promise.all([berth("preview"), berth("preview", "--markdown")]);
  assert.deepEqual([text.code, text.stdout], [0, "0 changes\n"], text.output);
  assert.equal(markdown.stdout, `## Preview of \`${project.stack}\`\n\n**Nothing changes.** The stack is as the program and its stack file say.\n`);
});

test("a change of code, configuration, a secret, replicas and a migration, as a pull request has it, and as a plan", async () => {
  project.write("apps/hello/server.pl", server("two"));
  project.write("apps/hello/migrations/0002_names.sql", "ALTER TABLE members DROP COLUMN name;\n");
  second = commit("feat: `two` for @everyone | <b>now</b>");
  await configure(3, "hello | you", 1);
  const run = await berth("preview", "--markdown", "--save-plan", plan());
  assert.equal(run.code, 0, run.output);
  const lines = run.stdout.split("\n");
  const fold = lines.findIndex((line) => line.startsWith("<details>"));
  const short = (hash: string) => hash.slice(0, 12);
  const expected: (string | RegExp)[] = [
    `## Preview of \`${project.stack}\``,
    "",
    "**Requests can fail:**",
    "",
    "- the migration `0002_names.sql` may break the version of `hello` that runs while it is applied",
    "",
    "**Data is touched:**",
    "",
    "- the migration `0002_names.sql` runs, and can't be undone",
    "",
    /^\d+ to create, 1 to update, \d+ to replace, by the (Pulumi CLI|embedded engine)\.$/,
    "",
    "| | what happens | can a request fail? | is data touched? |",
    "|---|---|---|---|",
    /^\| `hello` \| 2 web containers are replaced, the new ones beside the old \(environment, files, image\); 1 web container starts; the job migrate runs \| \*\*yes\*\* \| \*\*yes\*\* \|$/,
    "| `routes` | the job route-hello runs | no | no |",
    "",
    "### `hello`",
    "",
    "- requests: the migration `0002_names.sql` may break the version of `hello` that runs while it is applied",
    "- data: the migration `0002_names.sql` runs, and can't be undone",
    new RegExp(`^- image: \`127\\.0\\.0\\.1:${project.registryPort}/hello\`: \`sha256:[0-9a-f]{64}\` → built by the update, so its digest is not known yet$`),
    "- commits:",
    `  - \`${short(first)}\` → \`${short(second)}\`: 1 commit`,
    `  - \`${git("rev-parse", "--short", "HEAD")}\` \`\`feat: \`two\` for @everyone | <b>now</b>\`\``,
    "- environment: `GREETING`: `hi` → `hello | you`",
    "- files: `hello-secrets`: another value of the secret `API_KEY`",
    /^- migrations: `0002_names\.sql`: the version that runs now may fail with it; it can't be undone \(`line 1 drops the column "name" of members/,
    "",
    "### Stack file",
    "",
    "- keys:",
    "  - `berth:apps.hello.env.GREETING`: `hi` → `hello | you`",
    "  - `berth:apps.hello.replicas`: `2` → `3`",
    "- secrets: `hello:API_KEY` has another value",
    "",
    "### Memory and processors",
    "",
    "- limits:",
    /^ {2}- (\d+) containers of at most (\d+) MiB and [\d.]+ cores; before, \d+ containers of at most \d+ MiB and [\d.]+ cores$/,
    /^ {2}- \d+ MiB while old and new containers run side by side$/,
    /^ {2}- The Docker host has \d+ MiB and \d+ cores?\.$/,
    "",
  ];
  for (const [index, line] of expected.entries()) {
    if (typeof line === "string") assert.equal(lines[index], line, run.stdout);
    else assert.match(lines[index] ?? "", line, run.stdout);
  }
  assert.equal(fold, expected.length, run.stdout);
  const diff = lines.slice(fold).join("\n");
  assert.match(diff, /^! replace docker:index\/container:Container hello-web-0, the new one made first$/m);
  assert.match(diff, /^! {5}envs\[\d\]: "GREETING=hi" => "GREETING=hello \| you"$/m);
  assert.match(diff, /^\+ create docker:index\/container:Container hello-web-2$/m);
  assert.match(run.stdout, /\n<\/details>\n$/);
  assert.equal(statSync(plan()).mode & 0o777, 0o600);
  for (const canary of canaries) assert.ok(!`${run.output}${readFileSync(plan(), "utf8")}`.includes(canary), "a secret is shown");
});

test("the same as JSON, and as one comment on a pull request that is kept up to date", async () => {
  await using forge = await FakeForge.start();
  const run = await project.berth(["preview", "-s", project.stack, "--json", "--comment", "7"], { environment: forge.environment });
  assert.equal(run.code, 0, run.output);
  const told = JSON.parse(run.stdout) as { stack: string; engine: string; requests: { happens: boolean }; parts: { name: string; environment: object[] }[]; byHand: object[]; exceptions: { what: string }[]; resources: { op: string; name: string }[] };
  assert.deepEqual([told.stack, told.engine, told.requests.happens, told.byHand], [project.stack, engine, true, []]);
  assert.deepEqual(told.parts.find(({ name }) => name === "hello")?.environment, [{ key: "GREETING", before: "hi", after: "hello | you" }]);
  assert.ok(told.resources.some(({ op, name }) => op === "create" && name === "hello-web-2"));
  // The jobs that give volumes to their users; the application asks for no tools.
  assert.deepEqual(told.exceptions.map(({ what }) => what), ["root, CHOWN"]);
  assert.deepEqual(forge.changes, ["POST /repos/acme/shop/issues/7/comments"]);
  const body = forge.comments[0]?.body ?? "";
  assert.match(body, new RegExp(`^<!-- berth preview ${project.stack} -->\\n+## Preview of`));
  assert.ok(body.trimEnd().endsWith(`\nPreviewed at ${git("rev-parse", "HEAD")}.`), body.slice(-200));
  for (const canary of canaries) assert.ok(!body.includes(canary));
  const refused = await berth("preview", "--comment", "seven");
  assert.equal(refused.code, 2);
  assert.match(refused.output, /--comment is "seven", but must be the number of a pull request/);
});

test("a plan is refused when the stack file, the code or the Docker host has moved, and nothing is changed", async () => {
  const running = async () => (await project.containers("web")).map(({ Id }) => Id).toSorted();
  const web = await running();
  await configure(3, "another", 1);
  const settings = await berth("up", "--plan", plan());
  assert.equal(settings.code, 6, settings.output);
  assert.match(settings.output, /the plan .*hello\.plan is refused, and nothing was changed:\n +Pulumi\..*\.yaml has other settings or secrets than when the plan was made\.\n.*preview -s .* --save-plan/);
  await configure(3, "hello | you", 1);
  project.write("apps/hello/server.pl", server("three"));
  const code = await berth("up", "--plan", plan());
  assert.equal(code.code, 6, code.output);
  assert.match(code.output, /hello-image: it would become something else than in the plan\./);
  project.write("apps/hello/server.pl", server("two"));
  const stopped = docker.getContainer(web[0] ?? "");
  await stopped.stop();
  const drift = await berth("up", "--plan", plan());
  assert.equal(drift.code, 6, drift.output);
  assert.match(drift.output, /Changed by hand on the Docker host: .*hello/);
  await stopped.start();
  assert.deepEqual(await running(), web);
  const none = await berth("up", "--plan", join(project.dir, "package.json"));
  assert.equal(none.code, 2);
  assert.match(none.output, /is not a plan of \.\/berth preview --save-plan/);
});

test("a plan that fits is applied, and fits once", async () => {
  const run = await berth("up", "--plan", plan());
  assert.equal(run.code, 0, run.output);
  assert.match(run.output, /✔ plan +\d+ steps, made .*; it still fits/);
  assert.equal((await project.get("/", "hello")).body, "two");
  assert.equal((await project.containers("web")).length, 3);
  const again = await berth("up", "--plan", plan());
  assert.equal(again.code, 6, again.output);
  assert.match(again.output, /The stack was changed after the plan was made: its state is another one\./);
});

test("what leaves a stack of production is asked about; a plan that names it needs no question, and takes away no more than it names", async () => {
  for (const app of ["attic", "cellar"]) project.write(`apps/${app}/app.ts`, definition.replace("import.meta.dirname", 'new URL("../hello", import.meta.url).pathname').replace(/ {2}jobs:.*\n {2}secrets:.*\n/, '  volumes: { data: "/data" },\n'));
  const withKeepers = async (...apps: string[]) => {
    await configure(3, "hello | you", 1);
    project.edit(`Pulumi.${project.stack}.yaml`, "  berth:apps:\n", `  berth:apps:\n${apps.map((app) => `    ${app}: { memory: 32MiB }\n`).join("")}`);
  };
  await withKeepers("attic", "cellar");
  await project.up();
  const there = async () => [...new Set((await project.containers("web")).map(({ Labels }) => Labels["berth.app"] ?? ""))].toSorted();
  assert.deepEqual(await there(), ["attic", "cellar", "hello"]);
  const data = `berth-${project.stack}-attic-volume-data`;

  await withKeepers("cellar");
  const saved = await berth("preview", "--save-plan", plan());
  assert.match(saved.output, new RegExp(`the volume ${data} leaves the stack and stays on the Docker host`));
  const asked = await berth("up");
  assert.equal(asked.code, 2, asked.output);
  assert.ok(asked.output.includes(`berth up asks before it takes attic, ${data} out of a stack of production, and there is nobody to ask: add --yes, or apply a plan that says so:`), asked.output);
  await withKeepers();
  const beyond = await berth("up", "--plan", plan());
  assert.equal(beyond.code, 6, beyond.output);
  assert.match(beyond.output, /the plan .*hello\.plan is refused, and nothing was changed/);
  assert.deepEqual(await there(), ["attic", "cellar", "hello"]);

  await withKeepers("cellar");
  const planned = await berth("up", "--plan", plan());
  assert.equal(planned.code, 0, planned.output);
  assert.match(planned.output, new RegExp(`the volume ${data} has left the stack and stays on the Docker host`));
  assert.deepEqual(await there(), ["cellar", "hello"]);
  await withKeepers();
  const agreed = await berth("up", "--yes");
  assert.equal(agreed.code, 0, agreed.output);
  assert.deepEqual(await there(), ["hello"]);
  assert.ok((await project.volumes("data")).includes(data), "its data is there");
});
