import { Agent, request } from "node:http";

export interface LoadResult {
  answered: number;
  /** Each kind of failure with how often it came: a status that is not 200, or a connection error. */
  failures: Record<string, number>;
}

/**
 * GETs and POSTs by turns on `workers` kept-alive connections to 127.0.0.1, until `stop` is called,
 * and at most for two minutes.
 */
export function startLoad(port: number, host: string, workers = 8): { stop: () => Promise<LoadResult> } {
  const agent = new Agent({ keepAlive: true, maxSockets: workers });
  const result: LoadResult = { answered: 0, failures: {} };
  const end = { at: Date.now() + 120_000 };
  const worker = async () => {
    for (let turn = 0; Date.now() < end.at; turn += 1) {
      const failure = await once(agent, port, host, turn % 2 === 0);
      if (failure === undefined) result.answered += 1;
      else result.failures[failure] = (result.failures[failure] ?? 0) + 1;
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

function once(agent: Agent, port: number, host: string, read: boolean): Promise<string | undefined> {
  const body = JSON.stringify({ query: "{ members { handle } }" });
  return new Promise((resolve) => {
    const headers = read ? { host } : { host, "content-type": "application/json", "content-length": body.length };
    const options = { agent, host: "127.0.0.1", port, headers, method: read ? "GET" : "POST", path: read ? "/health" : "/graphql", timeout: 15_000 };
    const sent = request(options, (response) => {
      response.resume().on("end", () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
      response.on("error", (error) => resolve(error.message));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer within 15 s")));
    sent.on("error", (error) => resolve(error.message));
    sent.end(read ? undefined : body);
  });
}
