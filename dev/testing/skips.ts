import type { Machine } from "./machine.ts";
import { places } from "./places.ts";
import type { Tally } from "./tally.ts";

/** Why a test that takes long is left out. */
export const leftToTheNight = "slow: `./berth test --slow` runs it each night";

/** What an end-to-end file that is not even begun is called among the skips. */
export const wholeFile = (file: string) => `${file}: all of it`;

/** A test that is left out on some machines. */
export interface Skip {
  /** How its name begins: the step, or the path of its file and, after `: `, its title. */
  test: string;
  condition: Condition;
}

/** Why a test may be left out: in words, and as a question to this machine. Where the answer is no, the skip is a failure; undefined: nobody can tell beforehand. */
const conditions = {
  "no Pulumi CLI here": ({ cli }) => !cli,
  "no Pulumi CLI here, and get.pulumi.com does not answer": ({ cli, downloads }) => !cli && !downloads,
  "on the embedded engine: it is about the Pulumi CLI": (_, name) => name.endsWith("(embedded)"),
  "not root: no network namespace, no small disk": ({ root }) => !root,
  "not root, or no dockerd: no second Docker Engine": ({ root, program }) => !root || !program("dockerd"),
  "no loop devices: no small disk for Postgres": ({ root, has }) => !root || !has("/dev/loop-control"),
  "Docker Hub does not answer, and the image has no stand-in": ({ hub }) => !hub,
  "Docker Hub answers: there are no stand-ins": ({ hub }) => hub,
  "outside CI: a linter may be impossible to install": ({ environment }) => (environment["CI"] === undefined ? undefined : false),
  "no ssh on PATH": ({ program }) => !program("ssh"),
  "no sshd": ({ program, has }) => !program("sshd") && !["/usr/sbin/sshd", "/usr/local/sbin/sshd"].some(has),
  "no zsh on PATH": ({ program }) => !program("zsh"),
  "no fish on PATH": ({ program }) => !program("fish"),
  "no Trivy on PATH": ({ program }) => !program("trivy"),
  [leftToTheNight]: ({ slow }) => !slow,
  "slow, and no Pulumi CLI here": ({ slow, cli }) => !slow && !cli,
} satisfies Record<string, (machine: Machine, name: string) => boolean | undefined>;

type Condition = keyof typeof conditions;

/** Every test that may be left out. Any other skip fails the run. */
export const skips: readonly Skip[] = [
  { test: "e2e on pulumi", condition: "no Pulumi CLI here, and get.pulumi.com does not answer" },
  { test: "linters: ", condition: "outside CI: a linter may be impossible to install" },
  { test: "test/unit/dev/workflows.test.ts: ", condition: "outside CI: a linter may be impossible to install" },
  { test: "test/unit/cli/stack-file/stack-file.test.ts: is refused by the Pulumi CLI", condition: "no Pulumi CLI here" },
  { test: "test/unit/cli/deploy/folder-lock.test.ts: is the Pulumi CLI's own", condition: "no Pulumi CLI here" },
  { test: "test/unit/cli/completion/completion.test.ts: is a script that zsh reads", condition: "no zsh on PATH" },
  { test: "test/unit/cli/completion/completion.test.ts: is a script by which fish completes", condition: "no fish on PATH" },
  { test: "test/unit/cli/images/scan.test.ts: Trivy itself", condition: "no Trivy on PATH" },
  { test: "test/components/earlier-version/earlier-version.test.ts: the Pulumi CLI", condition: "no Pulumi CLI here" },
  { test: "test/components/earlier-version/leaving.test.ts: the Pulumi CLI", condition: "no Pulumi CLI here" },
  { test: "test/unit/docker/ssh-bounds.test.ts: ", condition: "no ssh on PATH" },
  { test: "test/e2e/app/swarm.test.ts: ", condition: "on the embedded engine: it is about the Pulumi CLI" },
  { test: "test/e2e/app/swarm.test.ts: ", condition: "not root, or no dockerd: no second Docker Engine" },
  { test: "test/e2e/app/systems.test.ts: pcf: ", condition: leftToTheNight },
  { test: "test/e2e/sessions/over-sshd.ts: over ssh, by a real sshd", condition: "no sshd" },
  { test: "test/e2e/sessions/over-sshd.ts: over ssh, by a real sshd", condition: leftToTheNight },
  { test: "test/e2e/sessions/over-sshd.ts: on the Pulumi CLI, with DOCKER_HOST", condition: "no Pulumi CLI here" },
  { test: "test/e2e/app/bounds.ts: a flood of 1 GB", condition: leftToTheNight },
  { test: "test/e2e/app/worker.ts: leaves the stack", condition: leftToTheNight },
  { test: "test/e2e/app/worker.ts: a worker that always fails", condition: leftToTheNight },
  { test: "test/e2e/deploy/cut-over.test.ts: a replica that hangs", condition: leftToTheNight },
  { test: "test/e2e/deploy/cut-over.test.ts: while all replicas fail", condition: leftToTheNight },
  { test: "test/e2e/images/built.ts: ", condition: leftToTheNight },
  { test: "test/e2e/new/templates.ts: ", condition: leftToTheNight },
  { test: "test/e2e/postgres/faults.ts: an image without its version", condition: leftToTheNight },
  { test: "test/e2e/postgres/slow.ts: behind a link", condition: leftToTheNight },
  { test: "test/e2e/promote/story.test.ts: a release that never", condition: leftToTheNight },
  { test: "test/e2e/redis/faults.ts: whose data takes", condition: leftToTheNight },
  { test: "test/e2e/schedules/schedules.ts: runs that were due", condition: leftToTheNight },
  { test: "test/e2e/sessions/run.ts: run outlives", condition: leftToTheNight },
  { test: "test/e2e/sessions/sessions.ts: logs -f", condition: leftToTheNight },
  { test: "test/e2e/backup/backup.test.ts: ", condition: leftToTheNight },
  { test: "test/e2e/deploy/backends.test.ts: ", condition: "on the embedded engine: it is about the Pulumi CLI" },
  { test: "test/e2e/engine/build.test.ts: on an engine that has none of its layers", condition: "not root, or no dockerd: no second Docker Engine" },
  { test: "test/e2e/deploy/refusals.test.ts: a full disk", condition: "not root: no network namespace, no small disk" },
  { test: "test/e2e/deploy/refusals.test.ts: stand-ins", condition: "Docker Hub answers: there are no stand-ins" },
  { test: "test/e2e/deploy/refusals.test.ts: no network", condition: "not root: no network namespace, no small disk" },
  { test: "test/e2e/engine/engine.test.ts: engine: pulumi", condition: "no Pulumi CLI here" },
  { test: "test/e2e/engine/import.test.ts: ", condition: "no Pulumi CLI here" },
  { test: "test/e2e/engine/restart.test.ts: ", condition: "not root, or no dockerd: no second Docker Engine" },
  { test: "test/e2e/images/prune.ts: images prune", condition: leftToTheNight },
  { test: "test/e2e/replicas/replicas.ts: a restart that is killed", condition: leftToTheNight },
  { test: "test/e2e/policy/policy.test.ts: plain pulumi", condition: "on the embedded engine: it is about the Pulumi CLI" },
  { test: "test/e2e/postgres/faults.ts: with its volume full", condition: "no loop devices: no small disk for Postgres" },
  { test: "test/e2e/preview/prod-preview.test.ts: with placeholder secrets", condition: "not root: no network namespace, no small disk" },
  { test: "test/e2e/promote/story.test.ts: ", condition: "not root, or no dockerd: no second Docker Engine" },
  { test: "test/e2e/releases/rollback.test.ts: plain pulumi up", condition: "on the embedded engine: it is about the Pulumi CLI" },
  { test: "test/e2e/standins/images.test.ts: ", condition: "Docker Hub does not answer, and the image has no stand-in" },
  { test: "test/e2e/standins/validators.test.ts: Loki", condition: "Docker Hub does not answer, and the image has no stand-in" },
];

/** Files that places.ts leaves to the night. Of one that runs all the same, no test may be left out for that. */
const wholeFiles = Object.entries(places).flatMap(([key, { when }]): Skip[] =>
  when === undefined ? [] : [{ test: wholeFile(`test/e2e/${key}.test.ts`), condition: when === "night" ? leftToTheNight : "slow, and no Pulumi CLI here" }],
);

/** The tally with each skip that `list` does not allow as a failure. */
export function withoutUnlisted(tally: Tally, machine: Machine, list: readonly Skip[] = [...skips, ...wholeFiles]): Tally {
  const allowed = ({ name }: { name: string }) => list.some((skip) => name.startsWith(skip.test) && conditions[skip.condition](machine, name) !== false);
  const unlisted = tally.skipped.filter((skip) => !allowed(skip));
  const failed = unlisted.map(({ name, reason }) => ({ name, detail: `it was skipped ("${reason}"), and dev/testing/skips.ts does not list it for this machine` }));
  return { ...tally, failed: [...tally.failed, ...failed], skipped: tally.skipped.filter(allowed) };
}

/** Entries whose condition holds here, and whose file ran and skipped none of their tests: they can go. */
export function unused(tally: Tally, machine: Machine, ran: readonly string[], list: readonly Skip[] = skips): string[] {
  const entries = list.filter(({ test, condition }) => ran.some((name) => fileOf(name) === fileOf(test) && conditions[condition](machine, name) === true));
  return entries.filter(({ test }) => !tally.skipped.some(({ name }) => name.startsWith(test))).map(({ test, condition }) => `${test} (${condition})`);
}

function fileOf(name: string): string {
  return name.split(": ")[0] ?? "";
}
