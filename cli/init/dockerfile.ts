import { DockerfileParser, type Instruction, type PropertyInstruction } from "dockerfile-ast";

/** Where a stage of a Dockerfile has what its image says: what the image has beside that is its base's. */
export interface DockerfileText {
  /** Image that the stage begins with, after the stages of this file; empty where the text has none. */
  base: string;
  /** Line of the last instruction of a kind, from 1: `{ USER: 12 }`. */
  lines: Record<string, number>;
  /** Numbers of EXPOSE, in its order. */
  ports: number[];
  /** Variables that ENV sets. */
  env: string[];
  /** Arguments of the build without a default. */
  args: string[];
  /** Ids of the secrets that its RUN lines mount. */
  secrets: string[];
}

type Stage = Omit<DockerfileText, "args" | "secrets">;

/**
 * Reads a stage of a Dockerfile, with what it takes over from earlier ones by FROM. What the values are, the image says.
 *
 * @param target Name of the stage. @default the last one
 *
 * @example
 * readDockerfile("FROM debian:trixie-slim\nENV A=1\nEXPOSE 8080"); // { base: "debian:trixie-slim", lines: { ENV: 2, EXPOSE: 3 }, ports: [8080], env: ["A"], … }
 */
export function readDockerfile(text: string, target?: string): DockerfileText {
  const stages = new Map<string, Stage>();
  const args = new Map<string, string | undefined>();
  const secrets = new Set<string>();
  let stage: Stage | undefined;
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((word) => expanded(word.getValue(), args));
    if (keyword === "FROM") {
      const [image = "", as, name] = words.filter((word) => !word.startsWith("--"));
      const parent = stages.get(image.toLowerCase());
      stage = parent === undefined ? { base: image, lines: {}, ports: [], env: [] } : structuredClone(parent);
      stages.set(as?.toLowerCase() === "as" && name !== undefined ? name.toLowerCase() : `${stages.size}`, stage);
    } else if (keyword === "ARG") {
      for (const [name, value] of pairs(instruction)) args.set(name, args.get(name) ?? (value === undefined ? undefined : expanded(value, args)));
    } else if (keyword === "RUN") {
      for (const [, options = ""] of (instruction.getArgumentsContent() === null ? "" : instruction.toString()).matchAll(/--mount=(\S*type=secret\S*)/g)) secrets.add(secretId(options));
    } else if (stage !== undefined) apply(stage, keyword, instruction, words);
  }
  const chosen = (target === undefined ? undefined : stages.get(target.toLowerCase())) ?? stage ?? { base: "", lines: {}, ports: [], env: [] };
  return { ...chosen, args: [...args].flatMap(([name, value]) => (value === undefined ? [name] : [])), secrets: [...secrets] };
}

function apply(stage: Stage, keyword: string, instruction: Instruction, words: string[]): void {
  stage.lines[keyword] = instruction.getRange().start.line + 1;
  if (keyword === "EXPOSE") stage.ports.push(...words.map((word) => Number.parseInt(word, 10)).filter((port) => port > 0));
  else if (keyword === "ENV") stage.env.push(...pairs(instruction).map(([name]) => name));
}

/** The builder takes the target's name for a secret without an id. */
function secretId(options: string): string {
  const given = new Map(options.split(",").map((option) => option.split(/=(.*)/s) as [string, string]));
  return given.get("id") ?? given.get("target")?.replace(/.*\//, "") ?? "";
}

function pairs(instruction: Instruction): [name: string, value: string | undefined][] {
  return (instruction as PropertyInstruction).getProperties().map((property) => [property.getName(), property.getValue() ?? undefined]);
}

/** `$NAME`, `${NAME}` and `${NAME:-default}`; what is not known stays. */
function expanded(text: string, args: ReadonlyMap<string, string | undefined>): string {
  return text.replaceAll(/\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g, (whole, braced?: string, otherwise?: string, plain?: string) => args.get(braced ?? plain ?? "") ?? otherwise ?? whole);
}
