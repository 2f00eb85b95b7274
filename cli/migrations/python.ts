import { parser } from "@lezer/python";

type Node = ReturnType<typeof parser.parse>["topNode"];

/** An expression of a Python file, as far as a migration needs it. */
export type Expression =
  | { kind: "call"; name: string; args: Expression[]; named: Map<string, Expression>; spread: boolean; offset: number }
  | { kind: "list"; items: Expression[]; offset: number }
  | { kind: "text"; value: string; offset: number }
  | { kind: "other"; text: string; offset: number };

export interface PythonFile {
  comments: { offset: number; text: string }[];
  /** What is assigned in the body of the class `Migration`, by name. */
  migration: Map<string, Expression> | undefined;
  /** Where Python's grammar is left. */
  error: number | undefined;
}

/** Reads a migration's class without running it, by a parser of Python's grammar. */
export function readPython(text: string): PythonFile {
  const file: PythonFile = { comments: [], migration: undefined, error: undefined };
  parser.parse(text).iterate({
    enter: ({ name, node, from, type }) => {
      if (type.isError) file.error ??= from;
      if (name === "Comment") file.comments.push({ offset: from, text: text.slice(from + 1, node.to) });
      if (name === "ClassDefinition" && text.slice(node.getChild("VariableName")?.from, node.getChild("VariableName")?.to) === "Migration") {
        file.migration = new Map((node.getChild("Body")?.getChildren("AssignStatement") ?? []).flatMap((each) => assignment(each, text)));
      }
    },
  });
  return file;
}

/** `operations = […]`, and `operations: list = […]`. */
function assignment(node: Node, text: string): [string, Expression][] {
  const name = node.getChild("VariableName");
  const value = node.lastChild;
  return name === null || value === null ? [] : [[text.slice(name.from, name.to), expression(value, text)]];
}

function expression(node: Node, text: string): Expression {
  const offset = node.from;
  switch (node.name) {
    case "CallExpression":
      return call(node, text);
    case "ArrayExpression":
    case "TupleExpression":
      return { kind: "list", items: children(node).map((child) => expression(child, text)), offset };
    case "ParenthesizedExpression": {
      const [inner] = children(node);
      return inner === undefined ? { kind: "other", text: "()", offset } : expression(inner, text);
    }
    case "String": {
      const value = stringValue(text.slice(node.from, node.to));
      return value === undefined ? { kind: "other", text: text.slice(node.from, node.to), offset } : { kind: "text", value, offset };
    }
    case "ContinuedString": {
      const parts = children(node).map((child) => expression(child, text));
      const value = parts.map((part) => (part.kind === "text" ? part.value : undefined));
      return value.includes(undefined) ? { kind: "other", text: text.slice(node.from, node.to), offset } : { kind: "text", value: value.join(""), offset };
    }
    default:
      return { kind: "other", text: text.slice(node.from, node.to), offset };
  }
}

function call(node: Node, text: string): Expression {
  const callee = node.firstChild;
  // `migrations.AddField` and `AddField` are the same operation.
  const name = callee === null ? "?" : (text.slice(callee.from, callee.to).split(".").at(-1) ?? "?");
  const found = { kind: "call" as const, name, args: [] as Expression[], named: new Map<string, Expression>(), spread: false, offset: node.from };
  const list = node.getChild("ArgList");
  let keyword: string | undefined;
  for (let child = list?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (["(", ")", ",", "AssignOp", "Comment"].includes(child.name)) continue;
    if (child.name === "*" || child.name === "**" || child.name === "ArithOp") found.spread = true;
    else if (child.nextSibling?.name === "AssignOp") keyword = text.slice(child.from, child.to);
    else if (keyword !== undefined) {
      found.named.set(keyword, expression(child, text));
      keyword = undefined;
    } else found.args.push(expression(child, text));
  }
  return found;
}

/** Values inside brackets, without the brackets, commas and comments. */
function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (!["(", ")", "[", "]", ",", "Comment"].includes(child.name)) found.push(child);
  }
  return found;
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"', "\n": "" };

/** What a literal stands for; undefined for bytes, and for an escape of another kind. */
function stringValue(literal: string): string | undefined {
  const [, prefix = "", , body] = /^([rRuU]*)("""|'''|"|')([\s\S]*)\2$/.exec(literal) ?? [];
  if (body === undefined) return undefined;
  if (/r/i.test(prefix)) return body;
  let known = true;
  const value = body.replaceAll(/\\([\s\S])/g, (_, letter: string) => {
    known &&= letter in escapes;
    return escapes[letter] ?? "";
  });
  return known ? value : undefined;
}
