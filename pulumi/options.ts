import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";

/** What readGoal reads of a registration. */
const read = [
  "type name custom parent object dependencies propertyDependencies provider version protect retainOnDelete",
  "deleteBeforeReplace deleteBeforeReplaceDefined ignoreChanges replaceOnChanges additionalSecretOutputs aliases",
  "customTimeouts deletedWith",
];

/** What asks nothing for the resource: the SDK's own abilities and places, plugins, which nobody fetches, and providers that each child names itself. */
const idle = [
  "acceptSecrets acceptResources acceptsByteString supportsPartialValues supportsResultReporting aliasSpecs",
  "sourcePosition stackTrace parentStackTraceHandle pluginDownloadURL pluginChecksums providers",
];

/** Options that are known and not read, as a program spells them. Any other is spelled as the SDK's message has it. */
const spelled = "hideDiffs envVarMappings replaceWith replacementTrigger stateMigrations transforms hooks remote";

const passed = new Set([...read, ...idle].join(" ").toLowerCase().split(" "));
const spellings = new Map([...spelled.split(" ").map((name) => [name.toLowerCase(), name] as const), ["importid", "import"]]);

interface Field {
  name: string;
  get: string;
  has: string;
}

const fields = new WeakMap<object, Field[]>();

/** The options of a registration that nothing here reads. A later SDK's are among them: an option is never missed in silence. */
export function unreadOptions(request: RegisterResourceRequest): string[] {
  const prototype = Object.getPrototypeOf(request) as object;
  const unread = fields.get(prototype) ?? unreadFields(prototype);
  fields.set(prototype, unread);
  return unread.filter((field) => isGiven(request as unknown as Methods, field)).map(({ name }) => name);
}

function unreadFields(prototype: object): Field[] {
  const getters: string[] = [];
  for (let level = prototype; "getType" in level; level = Object.getPrototypeOf(level) as object) {
    getters.push(...Object.getOwnPropertyNames(level).filter((name) => /^get[A-Z]/.test(name)));
  }
  return getters
    .map((get) => {
      const bare = get.replace(/^get/, "").replace(/(List|Map)$/, "");
      const name = spellings.get(bare.toLowerCase()) ?? bare[0]?.toLowerCase() + bare.slice(1);
      return { name, get, has: `has${bare}` };
    })
    .filter(({ name }) => !passed.has(name.toLowerCase()));
}

type Methods = Record<string, (() => unknown) | undefined>;

function isGiven(request: Methods, { get, has }: Field): boolean {
  const value = request[get]?.();
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== "object" || value === null) return Boolean(request[has] === undefined ? value : request[has]());
  if ("getLength" in value) return (value as { getLength: () => number }).getLength() > 0;
  // The SDK always sends the lists of hooks, empty or not.
  const parts = Object.values((value as { toObject: () => object }).toObject());
  return parts.length === 0 || parts.some((part) => !Array.isArray(part) || part.length > 0);
}
