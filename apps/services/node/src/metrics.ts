import { createServer, type Server } from "node:http";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import type { Outcome } from "./cache.ts";

/** What Prometheus reads. A route is the pattern, never the path, so that ids make no new series. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests = new Counter({
    name: "http_requests_total",
    help: "Answered requests.",
    labelNames: ["method", "route", "status"],
    registers: [this.registry],
  });
  private readonly durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from request to answer.",
    labelNames: ["method", "route"],
    registers: [this.registry],
  });
  private readonly cacheReads = new Counter({
    name: "cache_reads_total",
    help: "Reads of the cache by outcome.",
    labelNames: ["outcome"],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    this.requests.inc({ method, route, status });
    this.durations.observe({ method, route }, seconds);
  }

  cacheRead(outcome: Outcome): void {
    this.cacheReads.inc({ outcome });
  }

  /** Serves /metrics on a port of its own. */
  serve(port: number): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.url !== "/metrics") return void response.writeHead(404).end();
      this.registry.metrics().then(
        (text) => response.writeHead(200, { "content-type": this.registry.contentType }).end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    const { promise, resolve, reject } = Promise.withResolvers<Server>();
    server.once("error", reject).listen(port, () => resolve(server));
    return promise;
  }
}
