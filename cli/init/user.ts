import type { ImageFacts } from "./dockerfile.ts";

export interface UserNeeds {
  /** User id that it runs as; 0 for root. */
  user: number;
  /** Capabilities that a start as root needs. */
  capabilities: string[];
  /** What was read, or assumed, in words. */
  because: string;
  assumed: boolean;
}

/** Users that well-known base images bring. */
const knownUsers: Record<string, number> = { node: 1000, nobody: 65_534, "www-data": 33, nginx: 101, nonroot: 65_532, bun: 1000, deno: 1993, pwuser: 1001, ubuntu: 1000 };

/** Official images whose own start script goes from root to a user, by the last part of their name. */
const steppingDown = ["nginx", "httpd", "php", "wordpress", "nextcloud", "redis", "valkey", "memcached", "rabbitmq", "ghost"];
const alsoChown = ["postgres", "mysql", "mariadb", "mongo"];

/** The user of an image, and what root needs in it. `scripts` is the text of the start script where it is in the repository. */
export function userOf({ user, base, runs }: ImageFacts, scripts: string): UserNeeds {
  const [name = ""] = (user ?? "").split(":");
  if (name !== "" && name !== "root" && name !== "0") {
    if (/^\d+$/.test(name)) return { user: Number(name), capabilities: [], because: `USER ${user}`, assumed: false };
    const made = madeIn(runs.join("\n"), name);
    if (made !== undefined) return { user: made, capabilities: [], because: `USER ${name}, made with the id ${made}`, assumed: false };
    const known = knownUsers[name];
    return { user: known ?? 1000, capabilities: [], because: `USER ${name}: its id is not in the Dockerfile, ${known ?? 1000} is ${known === undefined ? "a guess" : "usual"}`, assumed: true };
  }
  const image = /([^/:@]+)(?:[:@].*)?$/.exec(base)?.[1] ?? "";
  const drops = /\b(gosu|su-exec|setpriv|runuser|setuidgid|chpst|su)\b/.test(scripts) || [...steppingDown, ...alsoChown].includes(image);
  const capabilities = [
    ...(drops || /\bchown\b/.test(scripts) ? ["CHOWN"] : []),
    ...(drops ? ["SETUID", "SETGID"] : []),
    // To enter a folder that belongs to the user whom it becomes later.
    ...(alsoChown.includes(image) ? ["DAC_OVERRIDE"] : []),
  ];
  const said = user === undefined ? `no USER, and ${base === "" ? "its base image" : base} is taken to run as root` : `USER ${user}`;
  return { user: 0, capabilities, because: drops ? `${said}; its start script goes on as another user` : said, assumed: user === undefined };
}

/** `-u 1001` of the command that makes the user. */
function madeIn(runs: string, name: string): number | undefined {
  const commands = runs.split(/&&|;|\n/).filter((command) => /\b(useradd|adduser)\b/.test(command) && command.split(/\s+/).includes(name));
  const id = /(?:^|\s)(?:-u|--uid)[ =](\d+)/.exec(commands[0] ?? "")?.[1];
  return id === undefined ? undefined : Number(id);
}
