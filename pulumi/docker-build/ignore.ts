/** The rules of a .dockerignore file: the last pattern that matches a path or one of its folders decides. */
export class IgnoreRules {
  readonly #rules: { pattern: RegExp; ignore: boolean }[];
  readonly hasExceptions: boolean;

  constructor(text: string) {
    this.#rules = text
      .split("\n")
      .filter((line) => !line.startsWith("#"))
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .map((line) => {
        const ignore = !line.startsWith("!");
        const path = (ignore ? line : line.slice(1).trim()).replace(/^\.?\/+/, "").replace(/\/+$/, "");
        return { pattern: toRegExp(path), ignore };
      });
    this.hasExceptions = this.#rules.some((rule) => !rule.ignore);
  }

  /** Whether `path`, relative to the context and with forward slashes, stays out of the context. */
  ignores(path: string): boolean {
    const parts = path.split("/");
    const candidates = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    let ignored = false;
    for (const rule of this.#rules) {
      if (rule.ignore !== ignored && candidates.some((candidate) => rule.pattern.test(candidate))) {
        ignored = rule.ignore;
      }
    }
    return ignored;
  }
}

function toRegExp(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at] ?? "";
    if (letter === "*" && pattern[at + 1] === "*") {
      at += pattern[at + 2] === "/" ? 2 : 1;
      source += at === pattern.length - 1 ? ".*" : "(.*/)?";
    } else if (letter === "*") {
      source += "[^/]*";
    } else if (letter === "?") {
      source += "[^/]";
    } else if (letter === "[" && pattern.includes("]", at)) {
      const end = pattern.indexOf("]", at);
      source += pattern.slice(at, end + 1);
      at = end;
    } else if (letter === "\\") {
      at += 1;
      source += escape(pattern[at] ?? "");
    } else {
      source += escape(letter);
    }
  }
  return new RegExp(`^${source}$`);
}

function escape(letter: string): string {
  return letter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
