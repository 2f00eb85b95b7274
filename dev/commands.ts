import type { Commands } from "../cli/command.ts";
import { commands as operators } from "../cli/commands.ts";

/** Everything that `./berth` runs: what operators need, and what only developers of Berth need. */
export const commands: Commands = {
  ...operators,
  test: { summary: "lint, types, unit, component and end-to-end tests", load: () => import("./testing/test.ts") },
};
