import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

export interface LoadResult {
  answered: number;
  /** Each kind of failure with how often it came: a status that is not 2xx with the start of its body, or a connection error. */
  failures: Record<string, number>;
}

/** What is asked by turns: a path by GET, or a path and the body of a POST. */
type Question = [path: string, body?: string];

const ofMembers: Question[] = [["/"], ["/slow?ms=20", "{}"], ["/"], ["/members"]];

/**
 * GETs and POSTs by turns, of the application members where no others are given, on `workers` kept-alive connections to 127.0.0.1, until `stop` is called,
 * and at most for `limit` milliseconds; `pause` in milliseconds between two requests of a worker leaves processor time.
 */
export function startLoad(port: number, host: string, workers = 8, questions = ofMembers, { limit = 120_000, pause = 0 } = {}): { stop: () => Promise<LoadResult> } {
  const agent = new Agent({ keepAlive: true, maxSockets: workers });
  const result: LoadResult = { answered: 0, failures: {} };
  const end = { at: Date.now() + limit };
  const worker = async () => {
    for (let turn = 0; Date.now() < end.at; turn += 1) {
      const failure = await once(agent, port, host, questions[turn % questions.length] as Question);
      if (failure === undefined) result.answered += 1;
      else result.failures[failure] = (result.failures[failure] ?? 0) + 1;
      if (pause > 0) await delay(pause);
    }
  };
  const running = Promise.all(Array.from({ length: workers }, worker));
  return {
    stop: async () => {
      end.at = 0;
      await running;
      agent.destroy();
      return result;
    },
  };
}

function once(agent: Agent, port: number, host: string, [path, body]: Question): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = body === undefined ? { host } : { host, "content-type": "application/json", "content-length": body.length };
    const options = { agent, host: "127.0.0.1", port, headers, method: body === undefined ? "GET" : "POST", path, timeout: 15_000 };
    const sent = request(options, (response) => {
      if (Math.floor((response.statusCode ?? 0) / 100) === 2) response.resume().on("end", () => resolve(undefined));
      else void text(response).then((body) => resolve(`status ${response.statusCode}: ${body.slice(0, 100)}`), (error: Error) => resolve(error.message));
      response.on("error", (error) => resolve(error.message));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 15 s")));
    sent.on("error", (error) => resolve(error.message));
    sent.end(body);
  });
}
