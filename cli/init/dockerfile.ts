import { DockerfileParser, type Instruction, type PropertyInstruction } from "dockerfile-ast";

/** What a Dockerfile says about the image of its last stage. */
export interface ImageFacts {
  /** Image that the last stage begins with, after the stages of this file. */
  base: string;
  ports: number[];
  /** Undefined where no stage sets one: then the base image decides. */
  user?: string;
  health?: string[];
  entrypoint?: string[];
  command?: string[];
  volumes: string[];
  env: Record<string, string>;
  /** Arguments of the build without a default. */
  args: string[];
  /** What its RUN lines say, for what else they give away. */
  runs: string[];
}

/**
 * Reads a Dockerfile's last stage, with what it takes over from earlier ones by FROM.
 *
 * @throws Error where there is no FROM.
 *
 * @example
 * readDockerfile("FROM debian:trixie-slim\nEXPOSE 8080\nCMD python3 -m http.server 8080");
 * // { base: "debian:trixie-slim", ports: [8080], command: ["/bin/sh", "-c", "python3 -m …"], … }
 */
export function readDockerfile(text: string): ImageFacts {
  const stages = new Map<string, ImageFacts>();
  let args: Record<string, string> = {};
  const unset: string[] = [];
  let stage: ImageFacts | undefined;
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    const variables = { ...args, ...stage?.env };
    const words = instruction.getArguments().map((word) => expanded(word.getValue(), variables));
    if (keyword === "FROM") {
      const [image = "", as, name] = words.filter((word) => !word.startsWith("--"));
      const parent = stages.get(image.toLowerCase());
      stage = parent === undefined ? { base: image, ports: [], volumes: [], env: {}, args: [], runs: [] } : structuredClone(parent);
      stages.set(as?.toLowerCase() === "as" && name !== undefined ? name.toLowerCase() : `${stages.size}`, stage);
    } else if (keyword === "ARG") {
      args = { ...properties(instruction, variables), ...args };
      unset.push(...(instruction as PropertyInstruction).getProperties().flatMap((property) => (property.getValue() === null ? [property.getName()] : [])));
    }
    else if (stage !== undefined) apply(stage, keyword, instruction, words, variables);
  }
  if (stage === undefined) throw new Error("it has no FROM");
  return { ...stage, args: [...new Set(unset)] };
}

function apply(stage: ImageFacts, keyword: string, instruction: Instruction, words: string[], variables: Record<string, string>): void {
  const content = instruction.getArgumentsContent() ?? "";
  if (keyword === "EXPOSE") stage.ports.push(...words.map((word) => Number.parseInt(word, 10)).filter((port) => port > 0 && !stage.ports.includes(port)));
  else if (keyword === "USER") stage.user = words[0];
  else if (keyword === "ENV") Object.assign(stage.env, properties(instruction, variables));
  else if (keyword === "VOLUME") stage.volumes.push(...(jsonList(content) ?? words));
  else if (keyword === "RUN") stage.runs.push(content);
  else if (keyword === "CMD") stage.command = commandOf(content);
  else if (keyword === "ENTRYPOINT") {
    stage.entrypoint = commandOf(content);
    // Docker forgets the CMD of an earlier stage or base then.
    delete stage.command;
  } else if (keyword === "HEALTHCHECK") {
    const check = /^CMD\s+([\s\S]*)$/i.exec(content)?.[1];
    if (check === undefined) delete stage.health;
    else stage.health = commandOf(check);
  }
}

/** The exec form, or the shell form as the command that Docker makes of it. */
function commandOf(content: string): string[] {
  return jsonList(content) ?? ["/bin/sh", "-c", content.replaceAll(/\s+/g, " ").trim()];
}

function jsonList(content: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

function properties(instruction: Instruction, variables: Record<string, string>): Record<string, string> {
  const pairs = (instruction as PropertyInstruction).getProperties().map((property) => [property.getName(), property.getValue()] as const);
  return Object.fromEntries(pairs.flatMap(([name, value]) => (value === null ? [] : [[name, expanded(value, variables)]])));
}

/** `$NAME`, `${NAME}` and `${NAME:-default}`; what is not known stays. */
function expanded(text: string, variables: Record<string, string>): string {
  return text.replaceAll(/\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g, (whole, braced?: string, otherwise?: string, plain?: string) => variables[braced ?? plain ?? ""] ?? otherwise ?? whole);
}
