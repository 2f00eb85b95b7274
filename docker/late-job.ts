import type Docker from "dockerode";
import { unlessStatus } from "./errors.ts";
import { containerLogs } from "./health.ts";

const tailLines = 20;

/**
 * Stops a job that has not ended in time, so that it does not go on behind the update that gave it up.
 *
 * @param limit Seconds that it had. @default not known
 * @returns What is said of it, with its last lines; such a job may wait for a lock, which they tell.
 */
export async function stopLate(client: Docker, id: string, limit?: number): Promise<string> {
  await client.getContainer(id).stop({ t: 10 }).catch(unlessStatus(304, 404));
  const log = (await containerLogs(client, id, tailLines).catch(unlessStatus(404, 409))) ?? "";
  const lines = log.trimEnd() === "" ? ["(it printed nothing)"] : log.trimEnd().split("\n").map((line) => line.trimEnd());
  const told = limit === undefined ? "in the time that it has" : `within ${limit} s`;
  return [`did not end ${told}, and was stopped. Its last lines:`, ...lines.map((line) => `  | ${line}`)].join("\n");
}
