import { applyWithProgress } from "./update-progress.ts";
import { engineFor } from "./choose-engine.ts";
import { type Command, engineOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { heed } from "../interruption.ts";
import { labels } from "../../docker/labels.ts";
import { isUp, requireOwnership, requireVolumes } from "./ownership.ts";
import { Progress } from "../progress.ts";
import { confirm } from "../prompts.ts";
import { findRuns, findStrays, removeStrays } from "./strays.ts";
import { changesText } from "../table.ts";

export const command: Command = {
  summary: "remove a stack; its data stays unless --volumes is given",
  description: "Removes everything of a stack but its data volumes: a later up finds the data again. With --volumes, after a\nquestion, those too. Where berth:environment is not dev it asks first. A stack that another checkout or state made is\nleft to that one.",
  options: {
    stack: stackOption,
    engine: engineOption,
    volumes: { type: "boolean", help: "also remove the volumes with the data, for ever" },
    yes: { type: "boolean", short: "y", help: "don't ask" },
  },
  examples: ["./berth down", "./berth down --volumes --yes"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const report = new Progress(terminal);
    const docker = await dockerOf(context, stack);
    const { deployer } = await engineFor(context, stack, parsed.values["engine"], report);
    report.note(deployer.description);
    const state = await deployer.state();
    await requireOwnership(docker, stack, state);
    const includeProtected = parsed.flags["volumes"] === true;
    const filters = { label: [`${labels.stack}=${stack}`] };
    const { Volumes: volumes } = await docker.listVolumes({ filters });
    const data = volumes.filter(({ Labels }) => Labels[labels.role] === "data").map(({ Name }) => Name);
    if (includeProtected) requireVolumes(stack, state, data);
    if (parsed.flags["yes"] !== true) {
      if (includeProtected && data.length > 0) {
        const warning = [`These volumes of stack "${stack}" and all data in them will be removed for ever:`, ...data.map((name) => `  ${name}`)].join("\n");
        await confirm(context, { stack, option: "--volumes", does: "removes data", warning });
      } else if (isUp(state) && project.isProduction(stack)) {
        const warning = `Stack "${stack}" is production, as berth:environment is not dev: all of it stops, and its addresses answer no more. Its data stays.`;
        await confirm(context, { stack, option: "berth down", does: "removes a stack of production", warning });
      }
    }

    heed(signal);
    const runs = await removeStrays(docker, await findRuns(docker, stack));
    if (runs.length > 0) report.note(`stopped ./berth run: ${runs.join(", ")}`);
    await deployer.recover(docker, state);
    heed(signal, "no part of the stack was removed");
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
