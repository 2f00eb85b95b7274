import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerClient, requireDocker } from "../../docker/client.ts";
import type { Parsed } from "../arguments.ts";
import { type Command, type Context, stackOf, stackOption } from "../command.ts";
import { messageOf, OpsError, usageError } from "../exit.ts";
import { interruptible } from "../interruption.ts";
import { entryLines, withEntry } from "../new/entry.ts";
import { nameProblem } from "../new/name.ts";
import { addressOf, nextSteps } from "../new/next-steps.ts";
import { Progress } from "../progress.ts";
import { ask } from "../prompts.ts";
import { contextCode, renderApp } from "./app-file.ts";
import { type Build, buildImage, notGiven } from "./built-image.ts";
import { type Found, prepare } from "./definition.ts";
import { readDockerfile } from "./dockerfile.ts";
import { readEnvironment } from "./environment.ts";
import { lookInto, samplesIn } from "./found.ts";
import { portIn, portOf } from "./port.ts";
import { report } from "./report.ts";
import { looksSecret } from "./setting.ts";
import { openSource, type Source } from "./source.ts";

export const command: Command = {
  summary: "an application from a repository with a Dockerfile",
  description: [
    "Builds a repository's image, asks it what it needs, and writes apps/<name>/app.ts and an entry in a stack file, so that",
    "up runs it: as root, with a writable file system and plain variables where it must. The repository itself is not",
    "changed, and the image is removed again. It says what it found, what it assumed and what to check. Values of",
    "variables that look like secrets are never taken over.",
  ].join("\n"),
  options: {
    stack: { ...stackOption, help: "the stack whose file gets the entry (default: dev)" },
    name: { type: "string", short: "n", value: "<name>", help: "the application's name (default: the folder's or the repository's)" },
    port: { type: "string", short: "p", value: "<n>", help: "port that it listens on (default: the one that the image exposes, or PORT)" },
    context: { type: "string", value: "<folder>", help: "folder of the repository that is the build's context (default: all of it)" },
    dockerfile: { type: "string", value: "<path>", help: "path of the Dockerfile in the repository (default: Dockerfile of the context)" },
    target: { type: "string", value: "<stage>", help: "stage of the Dockerfile (default: the last one)" },
    "build-arg": { type: "string", many: true, value: "<NAME=value>", help: "argument of the build, never a secret; may be given more than once" },
    "build-secret": { type: "string", many: true, value: "<id=VARIABLE>", help: "secret that a RUN line mounts, and the variable of your shell that holds it; may be given more than once" },
  },
  positionals: ["path|address#commit"],
  examples: ["./berth init ../shop", "./berth init ../shop --dockerfile docker/Dockerfile --target prod", "./berth init https://github.com/acme/shop#<commit> --name shop --port 8080"],
  exits: [0, 1, 2, 130],
  async run(context, parsed) {
    const { project, terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const given = parsed.positionals[0];
    if (given === undefined) throw usageError("berth init needs a repository: ./berth init <path>, or https://…#<commit>");
    const buildArgs = buildArgsOf(parsed.lists?.["build-arg"] ?? []);
    const secrets = buildSecretsOf(parsed.lists?.["build-secret"] ?? [], context.environment);
    if (parsed.values["port"] !== undefined) requirePort(parsed.values["port"]);
    using source = await openSource(given, signal, { context: parsed.values["context"], dockerfile: parsed.values["dockerfile"] });
    const name = parsed.values["name"] ?? source.name;
    const wrong = nameProblem(project, stack, name);
    if (wrong !== undefined) throw usageError(`${wrong}${parsed.values["name"] === undefined ? ": --name <name>" : ""}`);
    const { found, samples } = await lookAt(context, source, { target: parsed.values["target"], buildArgs, secrets }, parsed);
    const prepared = prepare(found);
    const folder = join(project.folder, "apps", name);
    const entry = Object.keys(prepared.env).length === 0 ? {} : { env: prepared.env };
    const stackFile = project.stackFile(stack);
    const text = withEntry(readFileSync(stackFile, "utf8"), name, entry);
    mkdirSync(folder);
    writeFileSync(join(folder, "app.ts"), renderApp(source.context, contextCode(source.context, project.folder, folder), prepared));
    writeFileSync(stackFile, text);
    terminal.result(`apps/${name}/app.ts, and in Pulumi.${stack}.yaml under berth:apps:`);
    terminal.result(entryLines(name, entry).map((line) => `  ${line}`).join("\n"));
    terminal.result(report(prepared, found, samples));
    terminal.result(nextSteps(project, stack, name, addressOf(project, stack, name)));
    return 0;
  },
};

/** Builds the image, asks it, and the user for the port where it has none. */
async function lookAt(context: Context, source: Source, { target, buildArgs, secrets }: Pick<Build, "target"> & Record<"buildArgs" | "secrets", Record<string, string>>, { values }: Parsed): Promise<{ found: Found; samples: string[] }> {
  const { environment, signal, terminal } = context;
  const { samples, sample } = samplesIn(source.folder, source.root);
  const dockerfile = readDockerfile(readFileSync(join(source.folder, source.dockerfile), "utf8"), target);
  const sampled = readEnvironment({ sample, image: {}, args: dockerfile.args }).buildArgs;
  const build: Build = { context: source.context, dockerfile: source.dockerfile === "Dockerfile" ? undefined : source.dockerfile, target, buildArgs: { ...sampled, ...buildArgs }, secrets };
  const docker = dockerClient(undefined, environment);
  await interruptible(signal, requireDocker(docker));
  const step = new Progress(terminal).step("build the image");
  let built: Awaited<ReturnType<typeof buildImage>>;
  try {
    // Of a git address its commit is here already, and a private one may be read by this machine's git alone.
    built = await buildImage({ ...build, context: source.folder }, { docker, environment, signal, onStep: (text) => step.progress?.(text) });
    step.done();
  } catch (error) {
    step.fail("");
    const missing = notGiven(dockerfile, build);
    throw missing.length === 0 || signal.aborted ? error : new OpsError(`${messageOf(error)}\nIt was built without ${missing.join(", ")}`);
  }
  await using image = built;
  const { sampledPort, ...looked } = await lookInto(image, build, dockerfile, sample);
  const port = portIn(values["port"]) ?? portOf(looked.facts, looked.health, looked.dockerfile.ports, sampledPort) ?? Number(await ask(context, { what: "port that it listens on (there is no EXPOSE)", flag: "--port <n>", problem: portProblem }));
  return { found: { ...looked, port }, samples };
}

function buildArgsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
      if (name === undefined || value === undefined) throw usageError(`--build-arg: "${pair.replace(/=.*$/s, "")}" is not NAME=value`);
      if (looksSecret(name, value)) throw usageError(`--build-arg: ${name} looks like a secret, which app.ts and the image's history would show: mount it in the Dockerfile (RUN --mount=type=secret,id=…), and give it by --build-secret`);
      return [name, value];
    }),
  );
}

/** Names of variables alone: a value among the arguments would be in the shell's history, and in the list of processes. */
function buildSecretsOf(pairs: readonly string[], environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, id, variable] = /^([\w.-]+)=([A-Za-z_]\w*)$/.exec(pair) ?? [];
      if (id === undefined || variable === undefined) throw usageError(`--build-secret: "${pair.replace(/=.*$/s, "")}" is not followed by = and the name of a variable, as in npm=NPM_TOKEN`);
      if (!environment[variable]) throw usageError(`--build-secret ${id}: the variable ${variable} is not set: export ${variable}=…`);
      return [id, variable];
    }),
  );
}

function requirePort(text: string): void {
  const wrong = portProblem(text);
  if (wrong !== undefined) throw usageError(`--port: ${wrong}`);
}

function portProblem(text: string): string | undefined {
  return portIn(text) === undefined ? `"${text}" is no port: a number from 1 to 65535` : undefined;
}
