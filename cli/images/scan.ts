import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { closest } from "../arguments.ts";
import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import type { Deployer } from "../deploy/deployer.ts";
import { realResources } from "../deploy/stack-state.ts";
import { exitCodes, OpsError, usageError } from "../exit.ts";
import { imagesIn } from "./image-digests.ts";
import { Progress } from "../progress.ts";
import { withLogins } from "./registry-login.ts";
import { types } from "../../pulumi/resource-types.ts";
import { readAccepted, readReport, type ScanResult } from "./scan-report.ts";
import { findScanner } from "./scanner.ts";
import { table } from "../table.ts";

const acceptedFile = ".trivyignore.yaml";

export const command: Command = {
  summary: "scan a stack's images for critical known weaknesses",
  description: [
    "Scans the images that the stack runs, its applications' and its parts', or those of one application, or any with",
    "--image. Trivy does it: the one on PATH, or else its image of images.lock.json in a container.",
    `A critical finding fails, unless ${acceptedFile} accepts it: with a reason, and until a day.`,
  ].join("\n"),
  options: {
    stack: stackOption,
    engine: engineOption,
    image: { type: "string", value: "<reference>", help: "scan this image, of no stack" },
    json: jsonOption,
  },
  positionals: ["app"],
  examples: ["./berth scan", "./berth scan root -s prod", "./berth scan --image postgres:17-trixie"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { project, terminal, environment } = context;
    const one = parsed.values["image"];
    if (one !== undefined && parsed.positionals.length > 0) throw usageError("--image scans one image of no stack: give it, or an application");
    const file = join(project.folder, acceptedFile);
    const accepted = existsSync(file) ? file : undefined;
    const { problems, ended } = readAccepted(accepted === undefined ? "" : readFileSync(accepted, "utf8"), new Date());
    if (problems.length > 0) throw new OpsError(`${acceptedFile} is not right, so nothing was scanned:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    const report = new Progress(terminal);
    const deployer = one === undefined ? (await engineFor(context, stackOf(context, parsed), parsed.values["engine"])).deployer : undefined;
    const images = deployer === undefined ? [one ?? ""] : await imagesOf(deployer, stackOf(context, parsed), parsed.positionals[0]);
    const scanner = await findScanner(project.folder, accepted, environment);
    report.note(scanner.description);
    for (const entry of ended) report.note(`${entry}: it counts again`);
    const results: ScanResult[] = [];
    for (const image of images) {
      const step = report.step(shortName(image));
      try {
        const address = image.split("/")[0] ?? "";
        const login = image.includes("/") ? await deployer?.login(address) : undefined;
        terminal.redactor.hide(login?.password);
        const result = readReport(image, await withLogins({ [address]: login }, environment, (loggedIn) => scanner.report(image, loggedIn)));
        if (result.critical.length > 0) step.fail(`${result.critical.length} critical`);
        else step.done(`${result.packages} packages, none critical`);
        results.push(result);
      } catch (error) {
        step.fail("not scanned");
        throw error;
      }
    }
    if (parsed.flags["json"]) terminal.json({ images: results });
    else terminal.result(scanTable(results));
    return results.some(({ critical }) => critical.length > 0) ? exitCodes.failed : exitCodes.ok;
  },
};

/** What the stack pulled, in the order of its program; of one application that which it runs. */
async function imagesOf(deployer: Deployer, stack: string, app: string | undefined): Promise<string[]> {
  if (app !== undefined) {
    const applications = imagesIn(await deployer.outputs());
    const near = closest(app, Object.keys(applications));
    if (applications[app] === undefined) throw usageError(`stack "${stack}" runs no application "${app}": ${near === undefined ? `it has ${Object.keys(applications).join(", ") || "none"}` : `did you mean ${near}?`}`);
    return [applications[app]];
  }
  const pulled = realResources(await deployer.state()).filter(({ type }) => type === types.pulled);
  if (pulled.length === 0) throw new OpsError(`stack "${stack}" runs no image: ./berth up -s ${stack} starts it`);
  return [...new Set(pulled.map(({ inputs }) => String(inputs?.["name"])))];
}

/** `ghcr.io/acme/root` of `ghcr.io/acme/root:latest@sha256:…`; a tag without a digest stays. */
export function shortName(image: string): string {
  return image.replace(/(:[\w][\w.-]*)?@sha256:[0-9a-f]{64}$/, "");
}

/** Images, then what was found in them. */
export function scanTable(results: readonly ScanResult[]): string {
  const counts = results.map(({ image, packages, critical, accepted }) => [shortName(image), packages === 0 ? "none known" : String(packages), String(critical.length), String(accepted.length)]);
  const found = results.flatMap(({ image, critical, accepted }) => [
    ...critical.map((item) => [shortName(image), item.id, item.package, item.installed, item.fixed ?? "-", "critical"]),
    ...accepted.map((item) => [shortName(image), item.id, item.package, item.installed, item.fixed ?? "-", `accepted: ${item.reason}`]),
  ]);
  const tables = [table(["IMAGE", "PACKAGES", "CRITICAL", "ACCEPTED"], counts)];
  if (found.length > 0) tables.push(table(["IMAGE", "WEAKNESS", "PACKAGE", "INSTALLED", "FIXED IN", "RESULT"], found));
  return tables.join("\n\n");
}
