import { readFileSync, writeFileSync } from "node:fs";
import { isMap, parseDocument, type YAMLMap } from "yaml";
import { checkConfig } from "../../config/config.ts";
import { loadDefinitions } from "../../config/definitions.ts";
import { problemLines } from "../../config/problems.ts";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { namedApps } from "../deploy/named-apps.ts";
import { command as up } from "../deploy/up.ts";
import { exitCodes, refusedError, usageError } from "../exit.ts";
import { stackValues } from "../stack-file/stack-values.ts";
import { withFile } from "../stack-file/with-file.ts";

export const command: Command = {
  summary: "another number of replicas for an application",
  description: [
    "Writes berth:apps.<app>.replicas into Pulumi.<stack>.yaml, comments kept, and applies it by up of these applications: new",
    "replicas are healthy and checked before they get requests, those that go end what they have begun. A number that the",
    "application can't have is refused before anything is changed; when up fails, the file is put back. The file is what the",
    "next deploy applies, so commit it. How many there are now: ./berth status.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption, "no-up": { type: "boolean", help: "write the file, and leave it to a later up to apply it" } },
  positionals: ["app=number…"],
  examples: ["./berth scale root=3", "./berth scale root=3 pcf=2 -s prod", "./berth scale root=3 -s prod --no-up"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal } = context;
    const stack = stackOf(context, parsed);
    const replicas = scalesOf(parsed.positionals);
    const apps = namedApps(project, stack, { positionals: Object.keys(replicas) });
    await requireScales(context, stack, replicas);
    const path = project.stackFile(stack);
    const before = readFileSync(path, "utf8");
    const after = withReplicas(before, replicas);
    const told = Object.entries(replicas).map(([app, count]) => `${app}=${count}`).join(", ");
    if (parsed.flags["no-up"]) {
      if (after !== before) writeFileSync(path, after);
      if (parsed.flags["json"]) terminal.json({ stack, replicas });
      else terminal.result(`Pulumi.${stack}.yaml has ${told}; apply it by ./berth up ${apps.join(" ")} -s ${stack}`);
      return exitCodes.ok;
    }
    const code = await withFile({ path, before, after }, "scaling", () => up.run(context, { ...parsed, positionals: apps }));
    if (after !== before) terminal.line(`Pulumi.${stack}.yaml has ${told}: commit it, or the next deploy from git undoes it`);
    return code;
  },
};

/** What is asked for, by application. Pure. @throws OpsError (2) for words of another form, or none. */
export function scalesOf(words: readonly string[]): Record<string, number> {
  if (words.length === 0) throw usageError("which application, and how many replicas? ./berth scale <app>=<number>, for example ./berth scale root=3");
  const entries = words.map((word): [string, number] => {
    const [, app = "", count = ""] = /^([^=]+)=(\d{1,6})$/.exec(word) ?? [];
    if (app === "") throw usageError(`"${word}" is no application with a number of replicas: write it as root=3`);
    return [app, Number(count)];
  });
  const twice = entries.find(([app], index) => entries.findIndex(([other]) => other === app) !== index);
  if (twice !== undefined) throw usageError(`${twice[0]} is named twice: name it once`);
  return Object.fromEntries(entries);
}

/** A stack file's text with these numbers of replicas; comments and order stay. Pure. */
export function withReplicas(text: string, replicas: Readonly<Record<string, number>>): string {
  const document = parseDocument(text);
  for (const [app, count] of Object.entries(replicas)) {
    const path = ["config", "berth:apps", app];
    // `root:` without a value.
    if (!isMap(document.getIn(path, true))) document.setIn(path, document.createNode({}));
    const settings = document.getIn(path, true) as YAMLMap;
    if (settings.get("replicas") !== count) settings.set("replicas", count);
  }
  return document.toString({ lineWidth: 0 });
}

/** @throws OpsError (6) for numbers that the schema or an application refuses; whatever else is wrong with the file, up tells. */
async function requireScales({ project, environment }: Context, stack: string, replicas: Readonly<Record<string, number>>): Promise<void> {
  const { values, secretKeys } = stackValues(project.folder, stack);
  const { "berth:apps": apps = {} } = project.readStack(stack).config ?? {};
  const scaled = { ...(apps as Record<string, object | null>), ...Object.fromEntries(Object.entries(replicas).map(([app, count]) => [app, { ...(apps as Record<string, object | null>)[app], replicas: count }])) };
  const raw = { stack, values: { ...values, "berth:apps": JSON.stringify(scaled) }, isSecret: (key: string) => secretKeys.includes(key), environment };
  const definitions = await loadDefinitions(scaled);
  const serverless = Object.keys(replicas).filter((app) => definitions[app] !== undefined && definitions[app].web === undefined);
  if (serverless.length > 0) throw refusedError(`nothing was changed: ${serverless.join(", ")} of stack "${stack}" has no web server, whose containers berth:apps.<app>.replicas counts; a worker is one container`);
  const { problems } = checkConfig(raw, definitions);
  const own = problems.filter(({ field }) => Object.keys(replicas).some((app) => field === `berth:apps.${app}.replicas`));
  if (own.length > 0) throw refusedError(["nothing was changed:", ...problemLines(stack, own)].join("\n"));
}
