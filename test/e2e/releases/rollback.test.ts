import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseDocument } from "yaml";
import { pause } from "../docker-host.ts";
import { startLoad } from "../load.ts";
import { docker, engine, Project } from "../project.ts";

// One stack through its releases and a failed update. Each kind of migration between releases: test/unit/cli/releases/releases.test.ts.

interface Entry {
  number?: number;
  result: string;
  current: boolean;
  by?: string;
  revision?: string;
  note?: string;
  apps?: string[];
  seconds: number;
  images: Record<string, string>;
  revisions: Record<string, string>;
  changes?: { images: { app: string }[]; config: { key: string }[]; secrets: { key: string; how: string }[] };
}

let project: Project;
let printed = "";
let first: { image: string; commit: string };
const notes = "apps/services/node/app.ts";
const newSecret = `canary-${randomBytes(12).toString("hex")}`;

before(async () => {
  project = await Project.create("rollback");
  project.edit(notes, "  cache: true,\n", "");
  git("init", "--quiet");
  commit("first");
});
after(async () => project[Symbol.asyncDispose]());

const file = () => `Pulumi.${project.stack}.yaml`;
const stackFile = () => readFileSync(join(project.dir, file()), "utf8");
const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, "-c", "user.name=Ada Example", "-c", "user.email=ada@example.com", ...args], { encoding: "utf8" }).trim();

function commit(message: string): void {
  git("config", "user.name", "Ada Example");
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
}

async function berth(...args: string[]) {
  const run = await project.berth(args);
  printed += run.output;
  return run;
}

async function releases(): Promise<Entry[]> {
  const run = await berth("releases", "-s", project.stack, "--json");
  assert.equal(run.code, 0, run.output);
  return (JSON.parse(run.stdout) as { releases: Entry[] }).releases;
}

const settings = (version: string, secret: { secure: string }) => (config: Record<string, unknown>) => {
  config["berth:apps"] = {
    members: { replicas: 2, memory: "128MiB", env: { VERSION: version } },
    notes: { folder: "services/node", replicas: 1, memory: "128MiB" },
  };
  config["members:KEY"] = secret;
};

/** VERSION and image of each replica of members. */
async function replicas(): Promise<string[]> {
  const web = (await project.containers("web")).filter(({ Labels }) => Labels["berth.app"] === "members");
  const found = await Promise.all(web.map(({ Id }) => docker.getContainer(Id).inspect()));
  return found.map(({ Config }) => `${Config.Env.find((variable) => variable.startsWith("VERSION=")) ?? ""} ${Config.Image.split("@")[1] ?? ""}`);
}

test("the first up makes release 1", async () => {
  await project.configure(settings("one", await project.encrypted(project.key)));
  await project.up();
  const [release, ...others] = await releases();
  assert.deepEqual(others, []);
  assert.deepEqual([release?.number, release?.result, release?.current, release?.by], [1, "succeeded", true, "Ada Example"]);
  assert.equal(release?.revision, git("rev-parse", "HEAD"));
  assert.ok((release?.seconds ?? 0) > 1);
  first = { image: release?.images["members"] ?? "", commit: release?.revisions["members"] ?? "" };
  assert.match(first.image, new RegExp(`^127.0.0.1:${project.registryPort}/members@sha256:[0-9a-f]{64}$`));
  assert.equal(first.commit, git("log", "-1", "--format=%H", "--", "apps/members"));
});

test("changed code, environment and secret make release 2", async () => {
  project.write("apps/members/Dockerfile", `${readFileSync(join(project.dir, "apps/members/Dockerfile"), "utf8")}\nLABEL release=second\n`);
  commit("second");
  await project.configure(settings("two", await project.encrypted(newSecret)));
  await project.up();
  const [second, earlier] = await releases();
  assert.deepEqual([second?.number, earlier?.number, earlier?.current], [2, 1, false]);
  assert.deepEqual(second?.changes?.images.map(({ app }) => app), ["members"]);
  assert.deepEqual(second?.changes?.config.map(({ key }) => key), ["berth:apps.members.env.VERSION"]);
  assert.deepEqual(second?.changes?.secrets, [{ key: "members:KEY", how: "changed" }]);
  assert.equal(await project.addMember("old", project.key), 401);
  assert.equal(await project.addMember("new", newSecret), 201);
});

test("a number that is not known is refused with those that are, and nothing is changed", async () => {
  const [text, before] = [stackFile(), await replicas()];
  const run = await berth("rollback", project.stack, "--to", "7", "--yes");
  assert.equal(run.code, 2, run.output);
  assert.match(run.output, /has no release 7: it runs 2, and those before it are 1;/);
  assert.equal(stackFile(), text);
  assert.deepEqual(await replicas(), before);
});

test("--dry-run shows what it would change, and in production nothing is done where nobody can say the stack's name", async () => {
  const [text, before] = [stackFile(), await replicas()];
  const dry = await berth("rollback", project.stack, "--dry-run", "--json");
  assert.equal(dry.code, 0, dry.output);
  const { dryRun, to, changes } = JSON.parse(dry.stdout) as { dryRun: boolean; to: number; changes: Entry["changes"] };
  assert.deepEqual([dryRun, to, changes?.config.map(({ key }) => key)], [true, 1, ["berth:apps.members.env.VERSION"]]);
  for (const words of [["rollback", project.stack], ["down", "-s", project.stack]]) {
    const unasked = await berth(...words);
    assert.equal(unasked.code, 2, unasked.output);
    assert.match(unasked.output, /asks before it .*, and there is nobody to ask: add --yes/);
  }
  assert.equal(stackFile(), text);
  assert.deepEqual(await replicas(), before);
});

test("a rollback under load brings image, environment and secret back, builds nothing and loses no request; an up after it changes nothing and makes no release", async () => {
  const load = startLoad(project.http, "members.localhost", 4, undefined, { pause: 20 });
  const run = await berth("rollback", project.stack, "--yes");
  const { answered, failures } = await load.stop();
  assert.equal(run.code, 0, run.output);
  assert.deepEqual(failures, {}, `of ${answered} requests`);
  assert.ok(answered > 200, `only ${answered} requests were answered`);
  const digest = first.image.split("@")[1] ?? "";
  assert.deepEqual(await replicas(), [`VERSION=one ${digest}`, `VERSION=one ${digest}`]);
  assert.equal(await project.addMember("again", project.key), 201);
  assert.equal(await project.addMember("late", newSecret), 401);
  for (const line of [/goes back from release 2 .* to release 1/, /config {2}berth:apps\.members\.env\.VERSION {2}"two" → "one"/, /secret {2}members:KEY {2}changed/, /Release 3 is what release 1 was\./, /commit the file/, /Until then nothing is built for members, notes: to go forward again, \.\/berth forward/]) assert.match(run.output, line);
  const text = stackFile();
  assert.ok(text.includes(`image: ${first.image}`) && text.includes(`revision: ${first.commit}`), text);
  const [third] = await releases();
  assert.deepEqual([third?.number, third?.note, third?.images["members"]], [3, "rollback to 1", first.image]);
  assert.deepEqual((await project.up()).changes, {});
  assert.deepEqual((await releases()).map(({ number }) => number), [3, 2, 1]);
});

/** Of an application, of whatever role. */
async function containersOf(app: string): Promise<string[]> {
  return (await project.containers()).filter(({ Labels }) => Labels["berth.app"] === app).map(({ Id, State }) => `${Id} ${State}`).toSorted();
}

function setInStack(path: string[], value: unknown): void {
  const document = parseDocument(stackFile());
  document.setIn(["config", ...path], value);
  project.write(file(), document.toString({ lineWidth: 0 }));
}

test("an update that fails is listed, and makes no release; a rollback after it puts back what ran last", async () => {
  const text = stackFile();
  project.write(file(), text.replace("VERSION: one", "VERSION: one\n        POSTGRES_PASSWORD_FILE: /run/secrets/none"));
  assert.equal((await berth("up", "-s", project.stack)).code, 1);
  const [failed, third] = await releases();
  assert.deepEqual([failed?.number, failed?.result, third?.number, third?.current], [undefined, "failed", 3, true]);
  await test("another application goes out past it alone: the broken one stays as it is, and its outputs too", async () => {
    const broken = await containersOf("members");
    setInStack(["berth:apps", "notes", "env"], { VERSION: "two" });
    const previewed = await berth("preview", "notes", "-s", project.stack, "--json");
    assert.equal(previewed.code, 0, previewed.output);
    assert.deepEqual((JSON.parse(previewed.stdout) as { parts: { name: string }[] }).parts.map(({ name }) => name).toSorted(), ["notes", "routes"]);
    const run = await berth("up", "notes", "-s", project.stack, "--json");
    assert.equal(run.code, 0, run.output);
    const { addresses, outputs } = JSON.parse(run.stdout) as { addresses: object; outputs: { urls: Record<string, string>; imageDigests: Record<string, string> } };
    assert.deepEqual(Object.keys(addresses), ["notes"], "who is not applied is not waited for");
    assert.deepEqual([outputs.urls["members"], outputs.imageDigests["members"]], [`http://members.localhost:${project.http}`, first.image]);
    assert.deepEqual(await containersOf("members"), broken);
    assert.deepEqual([(await project.get("/health")).status, (await project.get("/health", "notes")).status], [200, 200]);
    const [fourth] = await releases();
    assert.deepEqual([fourth?.number, fourth?.apps, fourth?.changes?.config.map(({ key }) => key), fourth?.changes?.images, fourth?.changes?.secrets], [4, ["notes"], ["berth:apps.notes.env.VERSION"], [], []]);
  });
  await test("a change of what both share is refused, and so is a name that is none; nothing is changed", async () => {
    const [known, before] = [stackFile(), (await project.containers()).map(({ Id }) => Id).toSorted()];
    setInStack(["berth:redis"], { memory: "96MiB" });
    const shared = await berth("up", "notes", "-s", project.stack);
    assert.equal(shared.code, 6, shared.output);
    assert.match(shared.output, new RegExp(`nothing was changed: an update of notes alone would change what [^]*\\n {2}to replace redis[^]*\\./berth up -s ${project.stack}`));
    project.write(file(), known);
    const unknown = await berth("up", "nots", "-s", project.stack);
    assert.equal(unknown.code, 2, unknown.output);
    assert.match(unknown.output, /"nots" is no application of stack .*, which has members, notes: did you mean notes\?/);
    assert.deepEqual((await project.containers()).map(({ Id }) => Id).toSorted(), before);
  });
  await test("one application goes back alone, past the broken one too", async () => {
    const broken = await containersOf("members");
    const run = await berth("rollback", project.stack, "notes", "--yes");
    assert.equal(run.code, 0, run.output);
    assert.match(run.output, /Application "notes" of stack .* goes back from release 4 .* to release 3 [^]*config {2}berth:apps\.notes\.env\.VERSION {2}"two" → none[^]*Release 5 is what release 3 was of notes\./);
    assert.deepEqual(await containersOf("members"), broken);
    const [fifth] = await releases();
    assert.deepEqual([fifth?.number, fifth?.apps, fifth?.note], [5, ["notes"], "rollback of notes to 3"]);
  });
  // Not to release 1: what ran last is what is wanted back.
  const back = await berth("rollback", project.stack, "--yes");
  assert.equal(back.code, 0, back.output);
  assert.match(back.output, /goes back from the update that failed at .* to release 5 .*:\n {2}set back {2}berth:apps\.members\.env\.POSTGRES_PASSWORD_FILE/);
  assert.equal(stackFile(), text);
  assert.equal((await releases()).filter(({ number }) => number !== undefined).length, 5);
});

test("a rollback that fails puts the stack file back", async () => {
  // The definition is this checkout's, which a rollback leaves alone: the older image has no such command.
  const definition = readFileSync(join(project.dir, "apps/members/app.ts"), "utf8");
  project.write("apps/members/app.ts", definition.replace('"migrate"]', '"no-such-command"]'));
  const text = stackFile();
  const run = await berth("rollback", project.stack, "--to", "2", "--yes");
  assert.equal(run.code, 1, run.output);
  assert.match(run.output, /The rollback was not finished, and .* is as it was\./);
  assert.equal(stackFile(), text);
  project.write("apps/members/app.ts", definition);
  assert.equal((await project.get("/health")).status, 200);
});

test("an image that is gone is named before anything is changed", async () => {
  const second = (await releases()).find(({ number }) => number === 2)?.images["members"] ?? "";
  const [text, before] = [stackFile(), await replicas()];
  await docker.getImage(second).remove({ force: true });
  const registry = (await project.containers("registry"))[0]?.Id ?? "";
  await pause(registry);
  try {
    const run = await berth("rollback", project.stack, "--to", "2", "--yes");
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /release 2 can't run again, .*\n {2}members {2}127\.0\.0\.1/);
  } finally {
    await docker.getContainer(registry).unpause();
  }
  assert.equal(stackFile(), text);
  assert.deepEqual(await replicas(), before);
});

test("plain pulumi up makes a release", { skip: engine !== "pulumi" && "the embedded engine has no such command" }, async () => {
  project.write(file(), stackFile().replace("VERSION: one", "VERSION: three"));
  const { PULUMI_BACKEND_URL = `file://${project.dir}/.berth/state`, ...environment } = project.environment;
  execFileSync("pulumi", ["up", "--stack", project.stack, "--yes", "--skip-preview", "--non-interactive"], { cwd: project.dir, env: { ...environment, PULUMI_BACKEND_URL }, stdio: "pipe" });
  const [fourth] = await releases();
  assert.deepEqual([fourth?.number, fourth?.changes?.config.map(({ key }) => key)], [6, ["berth:apps.members.env.VERSION"]]);
});

test("over a migration that drops a column it is refused before anything is changed, and goes on by --force migrations", async () => {
  project.write("apps/services/node/migrations/0004_drop_body.sql", "ALTER TABLE notes DROP COLUMN body;\n");
  const waiting = await project.berth(["up", "-s", project.stack]);
  assert.match(waiting.output, /not built from the folder, as a rollback holds the image in .*: members, notes; to go forward: \.\/berth forward/);
  const forward = await berth("forward", project.stack);
  assert.equal(forward.code, 0, forward.output);
  assert.ok(!stackFile().includes("image:"), stackFile());
  commit("notes have no body");
  await project.up();
  const succeeded = async () => (await releases()).filter(({ number }) => number !== undefined);
  const [newest, older, ...others] = await succeeded();
  const columns = async () => (await berth("psql", "notes", "-s", project.stack, "--", "-Atc", "select string_agg(column_name, ' ' order by ordinal_position) from information_schema.columns where table_name = 'notes'")).stdout.trim();
  const running = async () => (await project.containers("web")).map(({ Id, Image }) => `${Id} ${Image}`).toSorted();
  assert.equal(await columns(), "id title created_at");

  const [text, before] = [stackFile(), await running()];
  const refused = await berth("rollback", project.stack, "--yes");
  assert.equal(refused.code, 6, refused.output);
  assert.match(refused.output, /nothing was changed: .*\n {2}notes: 0004_drop_body\.sql breaks the older version: line 1 drops the column "body" of notes.*it can't be undone.*\nGo forward instead: .*restore the data \(\.\/berth restore\), and add --force migrations\./);
  assert.deepEqual([stackFile(), await running(), await succeeded()], [text, before, [newest, older, ...others]]);

  const forced = await berth("rollback", project.stack, "--force", "migrations", "--yes");
  assert.equal(forced.code, 0, forced.output);
  assert.match(forced.output, /migration {2}notes: 0004_drop_body\.sql breaks the older version: .* \(forced\)/);
  const [back] = await releases();
  assert.deepEqual([back?.number, back?.note, back?.images], [Number(newest?.number) + 1, `rollback to ${older?.number}, forced: migrations`, older?.images]);
  assert.equal(await columns(), "id title created_at");
});

test("--keep-secrets leaves the secret that runs; a purge takes older values out of every record", async () => {
  const secretsBack = async (...more: string[]) => {
    const run = await berth("rollback", project.stack, "--to", "2", "--force", "migrations", "--dry-run", "--json", ...more);
    assert.equal(run.code, 0, run.output);
    return (JSON.parse(run.stdout) as { stackFile: { secrets: string[] } }).stackFile.secrets;
  };
  assert.deepEqual([await secretsBack(), await secretsBack("--keep-secrets")], [["members:KEY"], []]);
  const unknown = await berth("up", "-s", project.stack, "--purge-secret", "members:KYE");
  assert.equal(unknown.code, 2, unknown.output);
  assert.match(unknown.output, /no release of stack .* has such a secret: they have members:KEY/);
  const secret = `canary-${randomBytes(12).toString("hex")}`;
  const text = stackFile();
  project.write(file(), text.replace(/(members:KEY:\n\s+secure: ).*/, `$1${(await project.encrypted(secret)).secure}`));
  assert.notEqual(stackFile(), text);
  const purged = await berth("up", "-s", project.stack, "--purge-secret", "members:KEY");
  assert.equal(purged.code, 0, purged.output);
  assert.match(purged.output, /members:KEY: its older values are out of the releases 1, 2, 3/);
  assert.equal(await project.addMember("purged", secret), 201);
  assert.deepEqual(await secretsBack(), [], "release 2 has no value of it any more");
});

test("no secret is in what was printed, nor in any file below the project", () => {
  const files = readdirSync(project.dir, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.startsWith("node_modules"))
    .map((path) => join(project.dir, path))
    .filter((path) => statSync(path).isFile());
  assert.ok(files.some((path) => path.includes(".berth")));
  for (const secret of [project.key, newSecret]) {
    assert.ok(!printed.includes(secret), "a secret was printed");
    for (const path of files) assert.ok(!readFileSync(path, "latin1").includes(secret), `a secret is in ${path}`);
  }
});
