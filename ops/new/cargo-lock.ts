/** Cargo.lock with its packages in the order of their names, as Cargo writes it: with `--locked` it takes no other. */
export function sortedLock(text: string): string {
  const [head = "", ...packages] = text.split(/^(?=\[\[package\]\])/m);
  // A stable sort: several versions of one package keep their order.
  const sorted = packages.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
  return [head, ...sorted].map((block) => `${block.trimEnd()}\n`).join("\n");
}

function nameOf(block: string): string {
  return /^name = "([^"]*)"/m.exec(block)?.[1] ?? "";
}

/** By bytes, not by a language's rules. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
