import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { entriesOf, readReleases, releaseTable } from "./records.ts";

export const command: Command = {
  summary: "what was deployed: when, by whom, what changed, how it ended",
  description: [
    "Lists the releases of a stack, newest first, and the updates that failed since the oldest of them. Each update that",
    "changes an image, the configuration or a secret makes a record in the state, whichever engine or command runs it; the",
    "last 20 are kept. Values of secrets are never shown.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  examples: ["./berth releases", "./berth releases -s prod --json | jq '.releases[0].changes'"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { terminal } = context;
    const stack = stackOf(context, parsed);
    const { deployer } = await engineFor(context, stack, parsed.values["engine"]);
    const [releases, failed] = await Promise.all([readReleases(deployer), deployer.failedUpdates()]);
    for (const { secrets } of releases) for (const value of Object.values(secrets)) terminal.redactor.hide(value);
    const entries = entriesOf(releases, failed);
    if (parsed.flags["json"]) terminal.json({ stack, engine: deployer.engine, releases: entries });
    else if (entries.length === 0) terminal.result(`stack "${stack}" has no releases: ./berth up -s ${stack} makes the first`);
    else terminal.result(releaseTable(entries));
    return 0;
  },
};
