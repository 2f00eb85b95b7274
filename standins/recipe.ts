import { createHash } from "node:crypto";

/** A Dockerfile's stages in order, each with its text and the stages it is made from. */
export interface Stage {
  name: string;
  text: string;
  needs: string[];
}

/** Splits a Dockerfile at its FROM lines. Every stage must have a name (`FROM x AS name`). */
export function parseStages(dockerfile: string): Stage[] {
  const stages: Stage[] = [];
  // Comments are dropped first, so that a better wording rebuilds nothing.
  const lines = dockerfile.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  for (const line of lines) {
    const from = /^FROM\s+(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line);
    if (from?.[2] !== undefined && from[1] !== undefined) stages.push({ name: from[2], text: line, needs: [from[1]] });
    else if (from !== null) throw new Error(`Dockerfile: "${line}" has no name; write FROM … AS <name>`);
    else {
      const stage = stages.at(-1);
      if (stage === undefined && /^ARG\s/.test(line)) continue; // says which base, whose hash is an ingredient
      if (stage === undefined) throw new Error(`Dockerfile: "${line}" stands before the first FROM`);
      stage.text += `\n${line}`;
      for (const [, name] of line.matchAll(/(?:--from=|[,=]from=)([^\s,]+)/g)) if (name !== undefined) stage.needs.push(name);
    }
  }
  return stages;
}

/** What one stage is made of: its own text, that of the stages it needs, and `ingredients` (the base's hash, files). */
export function recipeHash(stages: readonly Stage[], target: string, ingredients: readonly string[]): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const add = (name: string) => {
    const stage = stages.find((stage) => stage.name === name);
    if (stage === undefined || seen.has(name)) return; // a name that is no stage is an image: the base, whose hash is an ingredient
    seen.add(name);
    stage.needs.forEach(add);
    hash.update(`${stage.text}\0`);
  };
  add(target);
  if (seen.size === 0) throw new Error(`Dockerfile: no stage "${target}"; there are ${stages.map((stage) => stage.name).join(", ")}`);
  for (const ingredient of ingredients) hash.update(`${ingredient}\0`);
  return hash.digest("hex").slice(0, 16);
}
