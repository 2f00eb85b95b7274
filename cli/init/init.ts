import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ask } from "../prompts.ts";
import { type Command, type Context, stackOf, stackOption } from "../command.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { contextCode, renderApp } from "./app-file.ts";
import { prepare } from "./definition.ts";
import { type ImageFacts, readDockerfile } from "./dockerfile.ts";
import { readEnvironment } from "./environment.ts";
import { report } from "./report.ts";
import { openSource } from "./source.ts";
import { entryLines, withEntry } from "../new/entry.ts";
import { nameProblem } from "../new/name.ts";
import { addressOf, nextSteps } from "../new/next-steps.ts";

export const command: Command = {
  summary: "an application from a repository with a Dockerfile",
  description: [
    "Reads a repository's Dockerfile and the environment that it names, and writes apps/<name>/app.ts and an entry in a",
    "stack file, so that up runs it: as root, with a writable file system and plain variables where it must. The",
    "repository itself is not changed. It says what it found, what it assumed and what to check. Values of variables that",
    "look like secrets are never taken over.",
  ].join("\n"),
  options: {
    stack: { ...stackOption, help: "the stack whose file gets the entry (default: dev)" },
    name: { type: "string", short: "n", value: "<name>", help: "the application's name (default: the folder's or the repository's)" },
    port: { type: "string", short: "p", value: "<n>", help: "port that it listens on (default: the first EXPOSE, or PORT of its sample of variables)" },
  },
  positionals: ["path|address#commit"],
  examples: ["./berth init ../shop", "./berth init https://github.com/acme/shop.git#<commit> --name shop --port 8080"],
  exits: [0, 1, 2, 130],
  async run(context, parsed) {
    const { project, terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const given = parsed.positionals[0];
    if (given === undefined) throw usageError("berth init needs a repository: ./berth init <path>, or https://…#<commit>");
    using source = await openSource(given, signal);
    const name = parsed.values["name"] ?? source.name;
    const wrong = nameProblem(project, stack, name);
    if (wrong !== undefined) throw usageError(`${wrong}${parsed.values["name"] === undefined ? ": --name <name>" : ""}`);
    const facts = factsOf(join(source.folder, "Dockerfile"));
    const samples = [".env.example", ".env.sample", ".env.template"].filter((file) => existsSync(join(source.folder, file)));
    const environment = readEnvironment({ sample: samples.map((file) => readFileSync(join(source.folder, file), "utf8")).join("\n"), image: facts.env, args: facts.args });
    const port = await portOf(context, parsed.values["port"], facts, environment.env);
    const prepared = prepare({ facts, environment, scripts: scriptOf(source.folder, facts), port, context: source.context });
    if (prepared.definition.web?.command?.length === 0) {
      throw new OpsError(`${given} has secrets in plain variables, and its command is in its base image ${facts.base}: add ENTRYPOINT or CMD to its Dockerfile`);
    }
    const folder = join(project.folder, "apps", name);
    const entry = Object.keys(prepared.env).length === 0 ? {} : { env: prepared.env };
    const stackFile = project.stackFile(stack);
    const text = withEntry(readFileSync(stackFile, "utf8"), name, entry);
    mkdirSync(folder);
    writeFileSync(join(folder, "app.ts"), renderApp(source.context, contextCode(source.context, project.folder, folder), prepared));
    writeFileSync(stackFile, text);
    terminal.result(`apps/${name}/app.ts, and in Pulumi.${stack}.yaml under berth:apps:`);
    terminal.result(entryLines(name, entry).map((line) => `  ${line}`).join("\n"));
    terminal.result(report(prepared, facts, samples));
    terminal.result(nextSteps(project, stack, name, addressOf(project, stack, name)));
    return 0;
  },
};

function factsOf(file: string): ImageFacts {
  try {
    return readDockerfile(readFileSync(file, "utf8"));
  } catch (error) {
    throw new OpsError(`${file} can't be read: ${messageOf(error)}`);
  }
}

async function portOf(context: Context, given: string | undefined, { ports, env }: ImageFacts, sample: Record<string, string>): Promise<number> {
  const named = [...ports.map(String), sample["PORT"], env["PORT"]].find((text) => text !== undefined && portProblem(text) === undefined);
  const text = given ?? named ?? (await ask(context, { what: "port that it listens on (there is no EXPOSE)", flag: "--port <n>", problem: portProblem }));
  const wrong = portProblem(text);
  if (wrong !== undefined) throw usageError(`--port: ${wrong}`);
  return Number(text);
}

function portProblem(text: string): string | undefined {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? undefined : `"${text}" is no port: a number from 1 to 65535`;
}

/** The script that the image starts with, where a file of its name is in the repository. */
function scriptOf(folder: string, { entrypoint, command }: ImageFacts): string {
  const words = [...(entrypoint ?? []), ...(command ?? [])];
  const files = words.flatMap((word) => [join(folder, basename(word)), join(folder, word), join(folder, "docker", basename(word))]);
  const script = files.find((file) => /\.sh$|entrypoint/.test(file) && existsSync(file));
  return `${words.join(" ")}\n${script === undefined ? "" : readFileSync(script, "utf8")}`;
}
