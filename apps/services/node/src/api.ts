import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import fastify, { type FastifyError, type FastifyInstance, LogController } from "fastify";
import type { Cache } from "./cache.ts";
import { type Database, DatabaseUnavailable } from "./database.ts";
import { service, version } from "./identity.ts";
import type { Metrics } from "./metrics.ts";
import { Notes } from "./notes.ts";

interface Parts {
  database: Database;
  cache: Cache;
  metrics: Metrics;
  log: FastifyInstance["log"];
}

const newNote = {
  type: "object",
  required: ["title"],
  additionalProperties: false,
  properties: {
    // Postgres keeps no NUL in a text.
    title: { type: "string", minLength: 1, maxLength: 200, pattern: "^[^\\u0000]*$" },
    body: { type: "string", maxLength: 10_000, pattern: "^[^\\u0000]*$", default: "" },
  },
} as const;

/** How long connections are still read after SIGTERM, in milliseconds: closing one with a request in it loses that request. */
const drain = 1000;

/** What it is, and what to try. */
const page = readFileSync(new URL("page.html", import.meta.url));

const idPattern = /^[1-9]\d{0,17}$/;
const noSuchNote = { error: "no such note" };

/** The HTTP server without a port: routes, validation, one log line and one count a request. */
export function buildApi({ database, cache, metrics, log }: Parts): FastifyInstance {
  const notes = new Notes(database);
  const api = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    // A proxy sends requests on the connections that it has until they are closed: one that comes during the stop is answered.
    return503OnClosing: false,
    // Fastify's own options would make a number a text, and drop unknown fields without a word.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });

  // Requests that are on their way on kept connections are answered, and their senders told to take others.
  let stopping = false;
  api.addHook("preClose", async () => {
    stopping = true;
    await setTimeout(drain);
  });
  api.addHook("onSend", async (_request, reply) => void (stopping && reply.header("connection", "close")));
  api.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    const line = { method: request.method, route, status: reply.statusCode, milliseconds: Math.round(reply.elapsedTime) };
    if (route === "/health") log.debug(line, "request");
    else log.info(line, "request");
  });
  api.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "no such route" }));
  api.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error instanceof DatabaseUnavailable ? 503 : (error.statusCode ?? 500);
    if (status < 500) return reply.code(status).send({ error: error.message });
    log.error({ error: String(error.cause ?? error), stack: status === 500 ? error.stack : undefined }, "request failed");
    return reply.code(status).send({ error: status === 503 ? error.message : "internal error" });
  });

  api.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(page));
  api.get("/health", async (_request, reply) => {
    const connected = await database.answers();
    return reply.code(connected ? 200 : 503).send({
      status: connected ? "ok" : "error",
      timestamp: new Date().toISOString(),
      service,
      version,
      database: connected ? "connected" : "disconnected",
    });
  });
  api.post<{ Body: { title: string; body: string } }>("/notes", { schema: { body: newNote } }, async (request, reply) => {
    const note = await notes.add(request.body.title, request.body.body);
    return reply.code(201).header("location", `/notes/${note.id}`).send(note);
  });
  api.get<{ Querystring: { limit?: string; before?: string } }>("/notes", async (request, reply) => {
    const { limit = "50", before } = request.query;
    if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100) return reply.code(400).send({ error: "limit must be from 1 to 100" });
    if (before !== undefined && !idPattern.test(before)) return reply.code(400).send({ error: "before must be the id of a note" });
    return { notes: await notes.list(Number(limit), before) };
  });
  api.get<{ Params: { id: string } }>("/notes/:id", async (request, reply) => {
    const { id } = request.params;
    if (!idPattern.test(id)) return reply.code(404).send(noSuchNote);
    const { outcome, value } = await cache.read(id);
    metrics.cacheRead(outcome);
    reply.header("x-cache", outcome);
    if (value === "") return reply.code(404).send(noSuchNote);
    if (value !== undefined) return reply.type("application/json; charset=utf-8").send(value);
    const note = await notes.find(id);
    if (note === undefined) return reply.code(404).send(noSuchNote);
    await cache.fill(id, JSON.stringify(note));
    return note;
  });
  api.delete<{ Params: { id: string } }>("/notes/:id", async (request, reply) => {
    const { id } = request.params;
    if (!idPattern.test(id) || !(await notes.remove(id))) return reply.code(404).send(noSuchNote);
    await cache.forget(id);
    return reply.code(204).send();
  });
  return api;
}
