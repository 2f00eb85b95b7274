import { createInterface } from "node:readline/promises";
import { applyWithProgress } from "../apply.ts";
import { engineFor } from "../choose.ts";
import { type Command, type Context, engineOption, stackOf, stackOption } from "../command.ts";
import { dockerOf, labels } from "../docker.ts";
import { OpsError, usageError } from "../exit.ts";
import { Progress } from "../progress.ts";
import { findRuns, findStrays, removeStrays } from "../strays.ts";
import { changesText } from "../table.ts";

export const command: Command = {
  summary: "remove a stack; its data stays unless --volumes is given",
  description: "Removes everything of a stack but its data volumes: a later up finds the data again. With --volumes, after a\nquestion, those too.",
  options: {
    stack: stackOption,
    engine: engineOption,
    volumes: { type: "boolean", help: "also remove the volumes with the data, for ever" },
    yes: { type: "boolean", short: "y", help: "don't ask" },
  },
  examples: ["./berth down", "./berth down --volumes --yes"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const report = new Progress(terminal);
    const docker = await dockerOf(context, stack);
    const { deployer } = await engineFor(context, stack, parsed.values["engine"], report);
    report.note(deployer.description);
    const includeProtected = parsed.flags["volumes"] === true;
    const filters = { label: [`${labels.stack}=${stack}`] };
    const { Volumes: volumes } = await docker.listVolumes({ filters });
    const data = volumes.filter(({ Labels }) => Labels[labels.role] === "data").map(({ Name }) => Name);
    if (includeProtected && data.length > 0) await confirm(context, stack, data, parsed.flags["yes"] === true);

    const runs = await removeStrays(docker, await findRuns(docker, stack));
    if (runs.length > 0) report.note(`stopped ./berth run: ${runs.join(", ")}`);
    await deployer.recover(docker, await deployer.state());
    const outcome = await applyWithProgress("remove", terminal, report, (onEvent) => deployer.destroy({ includeProtected, onEvent, signal }));
    // What a killed update made and the state never knew would otherwise stay for ever.
    const strays = await removeStrays(docker, await findStrays(docker, stack, await deployer.state()));
    if (strays.length > 0) report.note(`also removed, though not in the state: ${strays.join(", ")}`);
    if (includeProtected) {
      const { Volumes: left } = await docker.listVolumes({ filters });
      for (const { Name } of left) await docker.getVolume(Name).remove();
      if (left.length > 0) report.note(`volumes removed: ${left.map(({ Name }) => Name).join(", ")}`);
    } else if (data.length > 0) report.note(`data kept: ${data.join(", ")}`);
    terminal.result(strays.length === 0 ? changesText(outcome.changes) : `${changesText(outcome.changes)}, ${strays.length} strays removed`);
    return 0;
  },
};

async function confirm({ terminal, signal }: Context, stack: string, volumes: string[], yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw usageError("--volumes asks before it removes data, and there is nobody to ask: add --yes");
  terminal.line(`These volumes of stack "${stack}" and all data in them will be removed for ever:`);
  for (const volume of volumes) terminal.line(`  ${volume}`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`Type the stack's name to go on: `, { signal });
    if (answer.trim() !== stack) throw new OpsError("nothing was changed");
  } finally {
    prompt.close();
  }
}
