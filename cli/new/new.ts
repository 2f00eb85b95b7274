import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../prompts.ts";
import { type Command, stackOf, stackOption } from "../command.ts";
import { usageError } from "../exit.ts";
import { addressOf, nextSteps } from "./next-steps.ts";
import { entryLines, withEntry } from "./entry.ts";
import { nameProblem } from "./name.ts";
import { readTemplate, templates, writeFiles } from "./template.ts";

export const command: Command = {
  summary: "a new application that runs at once, from a template",
  description: [
    "Copies a template of apps/services to apps/<name>, with its own name in it, and adds the application to a stack file.",
    "What is missing is asked for on a terminal. Where the folder or the entry exists already, nothing is written.",
  ].join("\n"),
  options: {
    stack: { ...stackOption, help: "the stack whose file gets the entry (default: dev)" },
    template: { type: "string", short: "t", value: "<name>", choices: templates, help: `one of ${templates.join(", ")}` },
  },
  positionals: ["name"],
  examples: ["./berth new shop --template node", "./berth new mailer --template worker"],
  exits: [0, 1, 2, 130],
  async run(context, parsed) {
    const { project, terminal } = context;
    const stack = stackOf(context, parsed);
    const problem = (answer: string) => nameProblem(project, stack, answer);
    const name = parsed.positionals[0] ?? (await ask(context, { what: "name of the application", flag: "it as an argument: ./berth new <name>", problem }));
    const wrong = problem(name);
    if (wrong !== undefined) throw usageError(wrong);
    const template =
      parsed.values["template"] ??
      (await ask(context, {
        what: `template (${templates.join(", ")})`,
        flag: `--template ${templates.join("|")}`,
        problem: (answer) => ((templates as readonly string[]).includes(answer) ? undefined : `"${answer}" is none of ${templates.join(", ")}`),
      }));
    const files = readTemplate(project, template, name);
    const stackFile = project.stackFile(stack);
    const text = withEntry(readFileSync(stackFile, "utf8"), name, {});
    const folder = join(project.folder, "apps", name);
    // Asked again: an answer may take its time.
    if (existsSync(folder)) throw usageError(`apps/${name} exists already: choose another name, or remove it`);
    writeFiles(folder, files);
    writeFileSync(stackFile, text);
    terminal.result([`apps/${name}, from the template ${template}:`, ...files.files.map(({ to }) => `  ${to}`)].join("\n"));
    terminal.result([`Pulumi.${stack}.yaml, under berth:apps:`, ...entryLines(name, {}).map((line) => `  ${line}`)].join("\n"));
    const definition = files.files.find(({ to }) => to === "app.ts")?.text ?? "";
    const address = /^\s*web:/m.test(definition) ? addressOf(project, stack, name) : undefined;
    terminal.result(nextSteps(project, stack, name, address, /^\s*live:/m.test(definition)));
    return 0;
  },
};
