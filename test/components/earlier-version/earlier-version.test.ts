import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Project } from "../../../cli/project.ts";
import { findCli } from "../../../cli/setup/pulumi.ts";
import { preview, type StepEvent } from "../../../engine/index.ts";
import { changed as changedBy } from "./changed.ts";
import { RecordedStack } from "./recorded-stack.ts";

/** What is read of `pulumi preview --json`; most of what stays the same has no step of its own there. */
interface CliPreview {
  steps: { op: StepEvent["op"]; urn: string; diffReasons?: string[] }[];
  changeSummary: { same: number };
}

const cli = await findCli(new Project(join(import.meta.dirname, "../../..")), process.env);

test("the embedded engine changes nothing in a stack of an earlier version", async () => {
  using stack = new RecordedStack("embedded");
  const { name, passphrase, stateFile, folder } = stack;
  const { steps } = await preview({ projectDir: folder, stack: name, passphrase, stateFile });
  const told = steps.filter(({ phase }) => phase !== "diagnostic");
  requireSame(stack, told.filter(({ op }) => op === "same").length, told.filter(({ op }) => op !== "same"));
});

test("the Pulumi CLI changes nothing in a stack of an earlier version", { skip: "reason" in cli && cli.reason }, async () => {
  using stack = new RecordedStack("pulumi");
  // Its Docker provider wants an engine that answers, and asks it nothing in a preview.
  const asked = new Set<string>();
  const host = createServer(({ url = "" }, response) => {
    asked.add(url);
    response.writeHead(url === "/_ping" ? 200 : 404).end();
  }).listen(stack.socket);
  try {
    await pulumi(stack, "stack", "init", "--no-select");
    await pulumi(stack, "stack", "import", "--file", stack.stateFile);
    const { steps, changeSummary } = JSON.parse(await pulumi(stack, "preview", "--json")) as CliPreview;
    requireSame(stack, changeSummary.same, steps.filter(({ op }) => op !== "same").map(({ op, urn, diffReasons }) => ({ op, urn, diff: diffReasons })));
    assert.deepEqual([...asked], ["/_ping"]);
  } finally {
    host.close();
  }
});

/** Runs the CLI on the stack, with a state and plugins of its own; what it printed. */
async function pulumi({ name, folder, passphrase }: RecordedStack, ...args: string[]): Promise<string> {
  assert.ok("command" in cli);
  const [backend, home] = [join(folder, "backend"), join(folder, "home")];
  mkdirSync(backend, { recursive: true });
  const environment = {
    ...process.env,
    // The Node that runs this test.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const { stdout } = await promisify(execFile)(cli.command, [...args, "--stack", name, "--non-interactive"], { cwd: folder, env: environment, maxBuffer: 2 ** 26 });
  return stdout;
}

/** @param same How many resources stay as they are. @param others What happens to all the others. */
function requireSame(stack: RecordedStack, same: number, others: Pick<StepEvent, "op" | "urn" | "diff">[]): void {
  const changed = changedBy[stack.engine];
  const told = (urns: string[]) => others.filter(({ urn }) => urns.includes(urn)).map(({ op, urn, diff }) => ({ op, urn, diff }));
  assert.ok(stack.dataVolumes.length > 0, "the recorded stack has volumes with data");
  assert.deepEqual(told(stack.dataVolumes), [], "a volume with data stays as it is");
  assert.deepEqual(stack.dataVolumes.filter((urn) => urn in changed), [], "the list names no volume with data");
  assert.deepEqual(told(others.map(({ urn }) => urn).filter((urn) => !(urn in changed))), [], "nothing but what the list names changes");
  assert.deepEqual(Object.keys(changed).filter((urn) => told([urn]).length === 0), [], "the list names only what does change");
  // Neither engine tells of the providers that it makes itself.
  const recorded = stack.resources.filter(({ type, urn }) => !(type.startsWith("pulumi:providers:") && urn.includes("::default")));
  const lost = new Set(others.filter(({ op }) => op !== "create").map(({ urn }) => urn));
  assert.equal(same + lost.size, recorded.length, "every resource of the state is looked at");
}
