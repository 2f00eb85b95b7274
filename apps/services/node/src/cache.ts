import { createClient, type RedisClientType } from "@redis/client";

/** How a read ended: found, not found, Redis away, no Redis configured. */
export type Outcome = "hit" | "miss" | "error" | "off";

const lifetime = 60; // seconds
const patience = 250; // milliseconds

/**
 * Notes in Redis, as JSON. Without Redis every read is a miss: no method throws, and none waits longer than {@link patience}.
 *
 * A removed note leaves an empty value behind, and a read fills only what has no value. So a slow reader can't bring
 * a note back that was removed while it read. When Redis is away during the removal, the note stays for at most 60 s.
 */
export class Cache {
  private readonly client: RedisClientType | undefined;
  private readonly prefix: string;

  /** @param onError Told of each failure. */
  constructor(settings: { url: string; prefix: string } | undefined, onError: (error: Error) => void) {
    this.prefix = settings?.prefix ?? "";
    if (settings === undefined) return;
    this.client = createClient({
      url: settings.url,
      disableOfflineQueue: true,
      // A Redis that is silent for 5 s is left; a ping each 2 s keeps a connection from seeming silent.
      pingInterval: 2000,
      socket: { connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy: 500 },
      maintNotifications: "disabled",
    }) as RedisClientType;
    this.client.on("error", onError);
    this.client.connect().catch(onError);
  }

  /** The value is "" where the note was removed. */
  async read(id: string): Promise<{ outcome: Outcome; value?: string }> {
    if (this.client === undefined) return { outcome: "off" };
    try {
      const value = await soon(this.client.get(this.key(id)));
      return value === null ? { outcome: "miss" } : { outcome: "hit", value };
    } catch {
      return { outcome: "error" };
    }
  }

  async fill(id: string, value: string): Promise<void> {
    await this.set(id, value, { condition: "NX" });
  }

  async forget(id: string): Promise<void> {
    await this.set(id, "", {});
  }

  close(): void {
    this.client?.destroy();
  }

  private async set(id: string, value: string, options: { condition?: "NX" }): Promise<void> {
    if (this.client === undefined) return;
    const expiration = { type: "EX", value: lifetime } as const;
    await soon(this.client.set(this.key(id), value, { expiration, ...options })).catch(() => null);
  }

  private key(id: string): string {
    return `${this.prefix}note:${id}`;
  }
}

/** The client's own time limit ends when the command is sent: it does not see a Redis that never answers. */
async function soon<Value>(command: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience);
  return await Promise.race([command, promise]).finally(() => clearTimeout(timer));
}
