import { isAbsolute, relative } from "node:path";
import { codeLiteral, visible } from "../preview/escape.ts";
import type { Prepared } from "./definition.ts";

/**
 * The text of app.ts: the definition, with a comment above each field that has a reason. The next preview runs it, and what
 * it is made of is a stranger's: nothing of that ends a comment, a line or a literal.
 */
export function renderApp(source: string, context: string, { definition, reasons }: Prepared): string {
  const fields = Object.entries(definition).flatMap(([name, value]) => field(name, value, reasons, name, 1));
  return [
    ...(context.startsWith("join(") ? ['import { join } from "node:path";'] : []),
    'import type { AppDefinition } from "../../components/index.ts";',
    "",
    `/** Built from ${visible(source).replaceAll("*/", "* /")}. */`,
    "export default {",
    `  context: ${context},`,
    ...fields,
    "} satisfies AppDefinition;",
    "",
  ].join("\n");
}

/** The context as code: a path is seen from the folder of app.ts where it is in the project, else it is as given. */
export function contextCode(context: string, project: string, folder: string): string {
  if (!isAbsolute(context)) return codeLiteral(context);
  const inside = relative(project, context);
  if (inside.startsWith("..")) return codeLiteral(context);
  const path = relative(folder, context);
  return path === "" ? "import.meta.dirname" : `join(import.meta.dirname, ${codeLiteral(path)})`;
}

function field(name: string, value: unknown, reasons: Record<string, string>, path: string, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const reason = reasons[path];
  const comment = reason === undefined ? [] : [`${indent}// ${visible(reason)}`];
  const key = /^[A-Za-z_]\w*$/.test(name) ? name : codeLiteral(name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [...comment, `${indent}${key}: ${literal(value)},`];
  const inner = Object.entries(value).flatMap(([each, of]) => field(each, of, reasons, `${path}.${each}`, depth + 1));
  return [...comment, `${indent}${key}: {`, ...inner, `${indent}},`];
}

function literal(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : codeLiteral(value);
}
