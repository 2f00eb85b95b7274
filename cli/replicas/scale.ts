import { readFileSync, writeFileSync } from "node:fs";
import { isMap, parse, parseDocument, type YAMLMap } from "yaml";
import { workerField, workersOf } from "../../components/app/workers.ts";
import { checkConfig } from "../../config/config.ts";
import { loadDefinitions } from "../../config/definitions.ts";
import { asObject, problemLines } from "../../config/problems.ts";
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
    "replicas are healthy and checked before they get requests, those that go end what they have begun. root/worker=2 is the",
    "worker of root, root/worker-mail=2 that of the name mail: berth:apps.root.worker.replicas and .workers.mail.replicas. A",
    "number that the application can't have is refused before anything is changed; when up fails, the file is put back. The file",
    "is what the next deploy applies, so commit it. How many there are now: ./berth status.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption, "no-up": { type: "boolean", help: "write the file, and leave it to a later up to apply it" } },
  positionals: ["app|part=number…"],
  examples: ["./berth scale root=3", "./berth scale root=3 root/worker=2 -s prod", "./berth scale root=3 -s prod --no-up"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project, terminal } = context;
    const stack = stackOf(context, parsed);
    const replicas = scalesOf(parsed.positionals);
    const apps = namedApps(project, stack, { positionals: Object.keys(replicas).map((part) => partIn(part).app) });
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

/** What is asked for, by application or part of one. Pure. @throws OpsError (2) for words of another form, or none. */
export function scalesOf(words: readonly string[]): Record<string, number> {
  if (words.length === 0) throw usageError("which application, and how many replicas? ./berth scale <app>=<number>, for example ./berth scale root=3");
  const entries = words.map((word): [string, number] => {
    const [, part = "", count = ""] = /^([^=/]+(?:\/(?:web|worker(?:-[^=/]+)?))?)=(\d{1,6})$/.exec(word) ?? [];
    if (part === "") throw usageError(`"${word}" is no application, or worker of one, with a number of replicas: write it as root=3, root/worker=3 or root/worker-mail=3`);
    return [part.replace(/\/web$/, ""), Number(count)];
  });
  const twice = entries.find(([part], index) => entries.findIndex(([other]) => other === part) !== index);
  if (twice !== undefined) throw usageError(`${twice[0]} is named twice: name it once`);
  return Object.fromEntries(entries);
}

/** Of `root/worker-mail` the application, the role, and the keys of its settings below that of the application. */
function partIn(part: string): { app: string; role: string; keys: string[] } {
  const [app = "", role = "web"] = part.split("/");
  return { app, role, keys: role === "web" ? [] : workerField(role).split(".") };
}

/** A stack file's text with these numbers of replicas; comments and order stay. Pure. */
export function withReplicas(text: string, replicas: Readonly<Record<string, number>>): string {
  const document = parseDocument(text);
  for (const [part, count] of Object.entries(replicas)) {
    const { app, keys } = partIn(part);
    const path = ["config", "berth:apps", app, ...keys];
    for (let length = 3; length <= path.length; length++) {
      // `root:` without a value.
      if (!isMap(document.getIn(path.slice(0, length), true))) document.setIn(path.slice(0, length), document.createNode({}));
    }
    const settings = document.getIn(path, true) as YAMLMap;
    if (settings.get("replicas") !== count) settings.set("replicas", count);
  }
  return document.toString({ lineWidth: 0 });
}

/** @throws OpsError (6) for numbers that the schema or an application refuses; whatever else is wrong with the file, up tells. */
async function requireScales({ project, environment }: Context, stack: string, replicas: Readonly<Record<string, number>>): Promise<void> {
  const { values, secretKeys } = stackValues(project.folder, stack);
  const { config = {} } = parse(withReplicas(readFileSync(project.stackFile(stack), "utf8"), replicas)) as { config?: Record<string, unknown> };
  const scaled = asObject(config["berth:apps"]) as Record<string, unknown>;
  const raw = { stack, values: { ...values, "berth:apps": JSON.stringify(scaled) }, isSecret: (key: string) => secretKeys.includes(key), environment };
  const definitions = await loadDefinitions(scaled);
  for (const part of Object.keys(replicas)) {
    const { app, role } = partIn(part);
    const definition = definitions[app];
    if (definition === undefined) continue;
    const workers = Object.keys(workersOf(definition));
    const parts = [...(definition.web === undefined ? [] : [app]), ...workers.map((worker) => `${app}/${worker}`)];
    if (role === "web" ? definition.web === undefined : !workers.includes(role)) throw refusedError(`nothing was changed: ${app} of stack "${stack}" has no ${role === "web" ? "web server" : role}; what it has, to be named here: ${parts.join(", ") || "schedules only"}`);
  }
  const { problems } = checkConfig(raw, definitions);
  const wanted = Object.keys(replicas).map((part) => ["berth:apps", partIn(part).app, ...partIn(part).keys, "replicas"].join("."));
  const own = problems.filter(({ field }) => wanted.includes(field));
  if (own.length > 0) throw refusedError(["nothing was changed:", ...problemLines(stack, own)].join("\n"));
}
