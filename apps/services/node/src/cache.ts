import { createClient, type RedisClientType } from "@redis/client";

/** How a read ended: found, not found, Redis away, no Redis configured. */
export type Outcome = "hit" | "miss" | "error" | "off";

const lifetime = 60; // seconds
const patience = 250; // milliseconds
const silence = 2000; // milliseconds

/**
 * Notes in Redis, as JSON. Without Redis every read is a miss: no method throws, and none waits longer than {@link patience}.
 *
 * A removed note leaves an empty value behind, and a read fills only what has no value. So a slow reader can't bring
 * a note back that was removed while it read. When Redis is away during the removal, the note stays for at most 60 s.
 */
export class Cache {
  private readonly client: RedisClientType | undefined;
  private readonly prefix: string;
  private readonly onError: (error: Error) => void;

  /** @param onError Told of each failure. */
  constructor(settings: { url: string; prefix: string } | undefined, onError: (error: Error) => void) {
    this.onError = onError;
    this.prefix = settings?.prefix ?? "";
    if (settings === undefined) return;
    this.client = createClient({
      url: settings.url,
      disableOfflineQueue: true,
      // For a connection that nobody uses: a ping each 2 s keeps it from seeming silent, and 5 s of silence end it.
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
      const value = await this.soon(this.client.get(this.key(id)));
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
    await this.soon(this.client.set(this.key(id), value, { expiration, ...options })).catch(() => null);
  }

  private key(id: string): string {
    return `${this.prefix}note:${id}`;
  }

  /** The client's own time limit ends when the command is sent: it does not see a Redis that never answers. */
  private async soon<Value>(command: Promise<Value>): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    const late = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience);
    const lost = setTimeout(() => this.reconnect(), silence);
    command.catch(() => undefined).finally(() => clearTimeout(lost));
    return await Promise.race([command, promise]).finally(() => clearTimeout(late));
  }

  /** A connection that was cut takes what is written to it for minutes, and the socket's time limit counts that as life. */
  private reconnect(): void {
    this.onError(new Error(`no answer in ${silence} ms`));
    // Ends every command that waits for its answer.
    this.client?.destroy();
    this.client?.connect().catch(this.onError);
  }
}
