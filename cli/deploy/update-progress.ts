import type { Outcome, ResourceEvent } from "./deployer.ts";
import type { Progress } from "../progress.ts";
import { changesText, duration } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const words: Record<string, [doing: string, done: string] | undefined> = {
  build: ["building", "built"],
  create: ["creating", "created"],
  update: ["updating", "updated"],
  replace: ["replacing", "replaced"],
  delete: ["deleting", "deleted"],
  "discard-replaced": ["dropping", "dropped"],
};

/** Components and providers exist in the program only; nobody waits for them. */
const isReal = (type: string) => !type.startsWith("pulumi:") && !type.startsWith("berth:");

/** Runs one operation of an engine as a step, with a line for each resource that changes. */
export async function applyWithProgress(
  name: string,
  terminal: Terminal,
  progress: Progress,
  run: (onEvent: (event: ResourceEvent) => void) => Promise<Outcome>,
  planned = false,
): Promise<Outcome> {
  const step = progress.step(name);
  /** What runs, with what it is at, by operation and name: an image can be built ahead while it is created. */
  const running = new Map<string, string>();
  let finished = 0;
  const show = () => {
    const names = [...running.values()].slice(-3).join(", ");
    step.progress?.(`${finished} done${running.size === 0 ? "" : `, ${running.size} running: ${names}`}`);
  };
  try {
    const outcome = await run((event) => {
      const line = describe(terminal, event, planned);
      if (line !== undefined) progress.detail(line);
      if (words[event.op] === undefined || !isReal(event.type)) return;
      const key = `${event.op} ${event.name}`;
      if (event.phase === "start") running.set(key, event.name);
      else if (event.phase === "progress") running.set(key, `${event.name} ${event.message ?? ""}`);
      else if (running.delete(key) && event.op !== "build") finished += 1;
      show();
    });
    step.done(changesText(outcome.changes, planned));
    return outcome;
  } catch (error) {
    step.fail(finished === 0 ? "nothing was changed" : `stopped after ${finished} changes`);
    throw error;
  }
}

function describe(terminal: Terminal, event: ResourceEvent, planned: boolean): string | undefined {
  if (event.phase === "diagnostic") return terminal.style("dim", `${event.name === "" ? "" : `${event.name}: `}${event.message?.trim() ?? ""}`);
  const word = words[event.op];
  if (word === undefined || !isReal(event.type) || event.phase === "start" || event.phase === "progress") return undefined;
  const kind = event.type.slice(event.type.lastIndexOf(":") + 1);
  const took = event.ms === undefined || planned ? "" : terminal.style("dim", ` ${duration(event.ms)}`);
  if (event.phase === "failed") return `${terminal.style("red", "failed  ")} ${kind} ${event.name}${took}`;
  const colour = event.op === "delete" ? "red" : event.op === "create" ? "green" : "yellow";
  return `${terminal.style(colour, (planned ? `to ${event.op}` : word[1]).padEnd(10))} ${kind} ${event.name}${took}`;
}
