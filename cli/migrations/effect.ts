/** What one statement or operation of a migration does, as far as a version that does not know of it is concerned. */
export interface Effect {
  /** In the file, from 1. */
  line: number;
  /** For people, for example `drops the column "track" of members`. */
  what: string;
  /**
   * `none`: a version that does not know of it reads and writes as before. `breaks`: it may fail. `unknown`: nobody can
   * tell from the text, which counts as `breaks` until the file is marked.
   */
  harm: "none" | "breaks" | "unknown";
  /** Data is gone that nothing brings back. */
  loses: boolean;
  /** The migration itself says how it is undone. */
  reversible: boolean;
}

/** What the author says of a file in a comment, which the judgement of its statements gives way to. */
export interface Mark {
  compatible?: string;
  irreversible?: string;
  /** Comments that begin like a mark and are none. */
  wrong: { line: number; text: string }[];
}

const form = /^(backward-compatible|irreversible)(?:\s+because\s+(\S.*))?$/;

/**
 * Reads the marks among a file's comments: `berth: backward-compatible because <reason>` and
 * `berth: irreversible because <reason>`. One without a reason is none.
 *
 * @param comments Their text without the sign that begins a comment.
 */
export function marksIn(comments: { line: number; text: string }[]): Mark {
  const mark: Mark = { wrong: [] };
  for (const { line, text } of comments) {
    const said = /^\s*berth:\s*(.*?)\s*$/s.exec(text)?.[1];
    if (said === undefined) continue;
    const [, kind, reason] = form.exec(said) ?? [];
    if (reason === undefined) mark.wrong.push({ line, text: said });
    else if (kind === "irreversible") mark.irreversible = reason;
    else mark.compatible = reason;
  }
  return mark;
}

/** The line, from 1, of a place in a text. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
