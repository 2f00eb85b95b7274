import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { execaNode } from "execa";
import { Project } from "../../../cli/project.ts";
import { programCopy } from "./program-copy.ts";

const { folder, main, environment } = programCopy("project");
const project = new Project(folder);
const write = (text: string) => writeFileSync(project.stackFile("dev"), text);

describe("a stack file", () => {
  test("may have Windows' line ends, and the mark that some editors begin a file with", () => {
    write("\uFEFFconfig:\r\n  berth:apps:\r\n    shop: {}\r\n");
    assert.deepEqual(project.applications("dev"), { shop: "shop" });
  });

  const broken: [what: string, text: string, said: RegExp][] = [
    ["a key twice", "config:\n  berth:apps:\n    shop: {}\n    shop: {}\n", /Map keys must be unique at line 4, column 5/],
    ["a tab", "config:\n\tberth:apps: {}\n", /Tabs are not allowed as indentation at line 2/],
    ["a bracket that nobody closes", "config: {\n", /at line 2/],
  ];
  for (const [what, text, said] of broken) {
    test(`with ${what} is refused with stack, file, line and fix`, () => {
      write(text);
      const message = `stack "dev": ${project.stackFile("dev")} can't be read: `;
      assert.throws(() => project.settings("dev"), (error: Error) => error.message.startsWith(message) && said.test(error.message) && error.message.endsWith("Nothing was changed."));
    });
  }

  test("that can't be read is one message and no stack trace, whatever the command", async () => {
    write("config:\n  berth:apps:\n    shop: {}\n    shop: {}\n");
    const env = { ...environment, DOCKER_HOST: `unix://${join(folder, "none.sock")}`, BERTH_ENGINE: "embedded" };
    const commands = [["preview"], ["status"], ["secret", "shop:KEY"], ["new", "cart", "--template", "go"]];
    for (const [name = "", ...words] of commands) {
      const { exitCode, all } = await execaNode({ all: true, reject: false, input: "value", env, extendEnv: false })(main, [name, ...words, "-s", "dev"]);
      assert.notEqual(exitCode, 0, name);
      assert.match(all, /^error: .*Pulumi\.dev\.yaml can't be read: Map keys must be unique/m, name);
      assert.doesNotMatch(all, /^\s+at /m, name);
    }
  });
});
