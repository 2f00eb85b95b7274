import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { workerField, workersOf } from "../../components/app/workers.ts";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { namedApps } from "../deploy/named-apps.ts";
import { refusedError, usageError } from "../exit.ts";
import { checkText, refuse, settingsIn } from "../stack-file/app-settings.ts";
import { applyFile } from "../stack-file/apply-file.ts";

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
    const { project } = context;
    const stack = stackOf(context, parsed);
    const replicas = scalesOf(parsed.positionals);
    const apps = namedApps(project, stack, { positionals: Object.keys(replicas).map((part) => partIn(part).app) });
    const path = project.stackFile(stack);
    const before = readFileSync(path, "utf8");
    const after = withReplicas(before, replicas);
    await requireScales(context, stack, after, Object.keys(replicas));
    const told = Object.entries(replicas).map(([app, count]) => `${app}=${count}`).join(", ");
    return applyFile(context, parsed, { path, before, after }, { apps, work: "scaling", has: told, json: { replicas } });
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
    const settings = settingsIn(document, app, keys);
    if (settings.get("replicas") !== count) settings.set("replicas", count);
  }
  return document.toString({ lineWidth: 0 });
}

/** @throws OpsError (6) for numbers that the schema or an application refuses. */
async function requireScales(context: Context, stack: string, text: string, parts: readonly string[]): Promise<void> {
  const { definitions, problems } = await checkText(context, stack, text);
  for (const part of parts) {
    const { app, role } = partIn(part);
    const definition = definitions[app];
    if (definition === undefined) continue;
    const known = [...(definition.web === undefined ? [] : ["web"]), ...Object.keys(workersOf(definition))];
    if (known.includes(role)) continue;
    const names = known.map((one) => (one === "web" ? app : `${app}/${one}`)).join(", ");
    throw refusedError(`nothing was changed: ${app} of stack "${stack}" has no ${role === "web" ? "web server" : role}; what it has, to be named here: ${names || "schedules only"}`);
  }
  const wanted = parts.map((part) => ["berth:apps", partIn(part).app, ...partIn(part).keys, "replicas"].join("."));
  refuse(stack, problems, (field) => wanted.includes(field));
}
