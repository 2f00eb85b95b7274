import { pino } from "pino";
import { buildApi } from "./api.ts";
import { Cache } from "./cache.ts";
import { Database } from "./database.ts";
import { service, version } from "./identity.ts";
import { Metrics } from "./metrics.ts";
import type { Settings } from "./settings.ts";

/** What requests in flight may take after SIGTERM; SIGKILL comes after 30 s. */
const stopLimit = 25_000; // milliseconds

/** Answers HTTP until SIGTERM or SIGINT, then finishes what is in flight. */
export async function serve(settings: Settings): Promise<void> {
  const log = pino({
    level: settings.logLevel,
    base: null,
    messageKey: "message",
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label.toUpperCase() }) },
  });
  const database = new Database(settings.databaseUrl, (error) => log.warn({ error: error.message }, "idle database connection lost"));
  const cache = new Cache(settings.cache, onChange((error) => log.warn({ error }, "cache unavailable")));
  const metrics = new Metrics();
  const api = buildApi({ database, cache, metrics, log });

  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, "stopping");
    setTimeout(() => {
      log.error({ milliseconds: stopLimit }, "requests in flight took too long");
      process.exit(1);
    }, stopLimit).unref();
    await api.close();
    metricsServer.close();
    metricsServer.closeAllConnections();
    cache.close();
    await database.close();
    log.info("stopped");
    process.exit(0);
  };
  const metricsServer = await metrics.serve(settings.metricsPort);
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => void stop(signal));
  await api.listen({ port: settings.port, host: "0.0.0.0" });
  log.info({ service, version, port: settings.port, metricsPort: settings.metricsPort, cache: settings.cache !== undefined }, "started");
}

/** Tells of an error once, and again only when another one follows: a client that reconnects fails twice a second. */
function onChange(tell: (message: string) => void): (error: Error) => void {
  let last = "";
  return (error) => {
    const message = error.message || String((error as NodeJS.ErrnoException).code ?? error);
    if (message !== last) tell(message);
    last = message;
  };
}
