import { readFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { namedApps } from "../deploy/named-apps.ts";
import { exitCodes, usageError } from "../exit.ts";
import { checkText, refuse, settingsIn } from "../stack-file/app-settings.ts";
import { applyFile } from "../stack-file/apply-file.ts";

/** What the page and the route are given beside being on. */
export interface Wanted {
  message?: string;
  retryAfter?: number | string;
  allow?: string[];
}

export const command: Command = {
  summary: "close an application for maintenance, with a page, and open it again",
  description: [
    "on answers every request for the application with 503, Retry-After and a small page; off lets requests through again. Both",
    "write berth:apps.<app>.maintenance into Pulumi.<stack>.yaml, comments kept, and apply it by up of this application: its own",
    "containers are not touched, and what is changed meanwhile is not seen from outside. off fails, and the page stays, where the",
    "application does not answer as it must. With an allow list these addresses are let through all the same. on again changes",
    "what is given. Without on or off it says which it is. The file is what the next deploy applies, so commit it.",
  ].join("\n"),
  options: {
    stack: stackOption,
    message: { type: "string", value: "<text>", help: "what the page says" },
    "retry-after": { type: "string", value: "<seconds>", help: "when programs are told to come again (default: 300)" },
    allow: { type: "string", value: "<addresses>", help: "addresses, or networks such as 203.0.113.0/24, that get through, with commas between; none: nobody" },
    engine: engineOption,
    json: jsonOption,
    "no-up": { type: "boolean", help: "write the file, and leave it to a later up to apply it" },
  },
  positionals: ["app", "on|off"],
  examples: ["./berth maintenance root on -s prod", './berth maintenance root on --message "Back at 14:00." --allow 203.0.113.7', "./berth maintenance root off -s prod"],
  exits: [0, 1, 2, 3, 6, 130],
  async run(context, parsed) {
    const { project } = context;
    const stack = stackOf(context, parsed);
    const [app, state] = parsed.positionals;
    if (app === undefined) throw usageError("which application? ./berth maintenance <app> on, or off");
    if (state !== undefined && state !== "on" && state !== "off") throw usageError(`"${state}" is neither on nor off: ./berth maintenance ${app} on`);
    namedApps(project, stack, { positionals: [app] });
    const path = project.stackFile(stack);
    const before = readFileSync(path, "utf8");
    if (state === undefined) return tell(context, stack, app, isClosed(before, app));
    const after = state === "on" ? closed(before, app, wantedBy(parsed.values)) : opened(before, app);
    const field = `berth:apps.${app}.maintenance`;
    refuse(stack, (await checkText(context, stack, after)).problems, (wrong) => wrong === field || wrong.startsWith(`${field}.`));
    const on = state === "on";
    const has = `${app} ${on ? "closed for maintenance" : "open"}`;
    return applyFile(context, parsed, { path, before, after }, { apps: [app], work: "change", has, now: on ? has : `${has} again`, json: { app, maintenance: on } });
  },
};

function tell({ terminal }: Context, stack: string, app: string, maintenance: boolean): number {
  terminal.result(`${app} of stack "${stack}" is ${maintenance ? "closed for maintenance" : "open"}, by its stack file`);
  return exitCodes.ok;
}

/** What the options say; one that is no number stays text, which the schema refuses. Pure. */
export function wantedBy({ message, "retry-after": after, allow }: Record<string, string>): Wanted {
  return {
    ...(message !== undefined && { message }),
    ...(after !== undefined && { retryAfter: /^\d+$/.test(after) ? Number(after) : after }),
    ...(allow !== undefined && { allow: allow === "none" ? [] : allow.split(",").map((address) => address.trim()) }),
  };
}

/** A stack file's text with an application in maintenance; what is not given stays as it is. Pure. */
export function closed(text: string, app: string, { allow, ...wanted }: Wanted): string {
  const document = parseDocument(text);
  const settings = settingsIn(document, app, ["maintenance"]);
  for (const [key, value] of Object.entries(wanted)) settings.set(key, value);
  if (allow !== undefined && allow.length > 0) settings.set("allow", document.createNode(allow));
  if (allow?.length === 0) settings.delete("allow");
  return document.toString({ lineWidth: 0 });
}

/** A stack file's text with an application that serves. Pure. */
export function opened(text: string, app: string): string {
  const document = parseDocument(text);
  if (!isClosed(text, app)) return text;
  settingsIn(document, app).delete("maintenance");
  return document.toString({ lineWidth: 0 });
}

function isClosed(text: string, app: string): boolean {
  const settings = parseDocument(text).getIn(["config", "berth:apps", app]);
  return isMap(settings) && settings.has("maintenance");
}
