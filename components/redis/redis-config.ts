import { createHash } from "node:crypto";

/** What happens when Redis is full. */
export type RedisPolicy =
  | "noeviction"
  | "allkeys-lru"
  | "allkeys-lfu"
  | "volatile-lru"
  | "volatile-lfu"
  | "volatile-ttl";

/**
 * Seconds that a server may take to start. It answers PONG once it has read its append-only file, which is rewritten when it
 * has become twice as long as the data: with a slow disk and half a core, 8 MiB of it in a second.
 */
export function loadingTime(memory: number): number {
  return 60 + Math.ceil((2 * memory) / 8);
}

/** redis.conf: append-only file synced each second, at most one second of writes lost. */
export function renderRedisConf(memory: number, policy: RedisPolicy): string {
  return [
    "bind * -::*",
    // Entry is governed by the ACL file: the default user may PING and nothing else.
    "protected-mode no",
    "port 6379",
    "dir /data",
    "appendonly yes",
    "appendfsync everysec",
    "aof-use-rdb-preamble yes",
    'save ""',
    // The rest is for the program, client buffers and the copy-on-write pages of an AOF rewrite; with 8 MiB left of 32,
    // the kernel ended a server that was filled.
    `maxmemory ${Math.floor(memory - Math.max(16, memory / 4))}mb`,
    `maxmemory-policy ${policy}`,
    "aclfile /run/secrets/users.acl",
    "",
  ].join("\n");
}

/**
 * What an application may do with its own keys and channels. Kinds of commands are named, so a command of a kind that a newer
 * Redis or a module brings is refused. Of those kinds are left out: what tells names or numbers of all keys and channels (an
 * application may keep sessions in names), and what is one for the whole server.
 */
const allowed = [
  ...["read", "write", "transaction", "scripting", "pubsub", "connection"].map((kind) => `+@${kind}`),
  ...["admin", "dangerous"].map((kind) => `-@${kind}`),
  ...["scan", "randomkey", "dbsize", "pubsub|channels", "pubsub|shardchannels", "pubsub|numpat"].map((command) => `-${command}`),
  // In its broadcast mode it sends the name of every key that changes, whoever's that is.
  "-client|tracking",
  // Functions and the scripts' cache are the server's; a debugger stops it.
  "-function",
  "-script",
  ...["script|load", "script|exists"].map((command) => `+${command}`),
  ...["info", "time", "acl|whoami"].map((command) => `+${command}`),
].join(" ");

/** What one with all keys may do beyond that: it sees their names anyway. What empties or stops the server is refused to it too. */
const allowedWithAllKeys = [allowed, "+scan", "+randomkey", "+dbsize"].join(" ");

/**
 * The ACL file: each application may touch keys that begin with its name and a colon; the exporter
 * reads statistics, `admin` may do everything. Passwords are there as SHA-256 only, which is safe for
 * long random ones.
 *
 * @param allKeys Applications that may touch the keys and channels of all.
 */
export function renderRedisAcl(passwords: Record<string, string>, exporterPassword: string, adminPassword: string, allKeys: readonly string[] = []): string {
  const rules = (app: string) => (allKeys.includes(app) ? `~* resetchannels &* -@all ${allowedWithAllKeys}` : `~${app}:* resetchannels &${app}:* -@all ${allowed}`);
  return [
    "user default on nopass resetkeys resetchannels -@all +ping",
    `user exporter on #${sha256(exporterPassword)} resetkeys resetchannels -@all +@connection +info +config|get +latency +slowlog +memory|usage +dbsize +client|list`,
    `user admin on #${sha256(adminPassword)} ~* &* +@all`,
    ...Object.entries(passwords).map(([app, password]) => `user ${app} on #${sha256(password)} resetkeys ${rules(app)}`),
    "",
  ].join("\n");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
