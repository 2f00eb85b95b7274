import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { recordStack } from "./record.ts";
import { renderStack } from "./svg.ts";

/**
 * `node dev/picture/picture.ts` writes docs/stack.svg, the picture of the stack `dev` as the program asks for it, with two of its
 * applications: all of them are too wide for a page;
 * `--check` writes nothing and exits with 1 when the file is out of date.
 */
const folder = join(import.meta.dirname, "../..");
const file = join(folder, "docs", "stack.svg");
const picture = renderStack(await recordStack(folder, "dev", ["root", "deliver"]));

if (!process.argv.includes("--check")) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, picture);
} else if (read() !== picture) {
  process.stderr.write("docs/stack.svg does not show the stack as the program asks for it: npm run picture\n");
  process.exitCode = 1;
}

function read(): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
