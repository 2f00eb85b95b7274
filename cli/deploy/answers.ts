import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outputs } from "./stack-state.ts";
import { OpsError } from "../exit.ts";

/** Addresses that a stack's outputs name, each under its path: `urls.root`. */
export function addresses(outputs: Outputs): Record<string, string> {
  const found: Record<string, string> = {};
  const look = (path: string, value: unknown): void => {
    if (typeof value === "string" && /^https?:\/\//.test(value)) found[path] = value;
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) look(path === "" ? key : `${path}.${key}`, inner);
    }
  };
  look("", outputs["urls"]?.value);
  return found;
}

/**
 * Waits until an address answers through the proxy: any answer that is the application's own, whatever its status.
 *
 * @throws OpsError with the last answer when `deadline` milliseconds are over.
 */
export async function waitForAnswer(url: string, deadline: number, signal?: AbortSignal): Promise<string> {
  const end = Date.now() + deadline;
  let last = "no answer";
  while (Date.now() < end) {
    const { ready, text } = await ask(url);
    if (ready) return text;
    last = text;
    await sleep(200, undefined, { signal });
  }
  throw new OpsError(`${url} did not answer within ${deadline / 1000} s: ${last}. See ./berth status and ./berth logs`);
}

/** Names under `localhost` are this machine's by RFC 6761, though not every resolver says so. */
function ask(url: string): Promise<{ ready: boolean; text: string }> {
  const { protocol, hostname, host, port, pathname } = new URL(url);
  const tls = protocol === "https:";
  const local = hostname === "localhost" || hostname.endsWith(".localhost");
  return new Promise((resolve) => {
    const asked = (tls ? requestHttps : requestHttp)(
      // Whether the application answers is asked here; whom the certificate is from is the browser's question.
      { host: local ? "127.0.0.1" : hostname, servername: hostname, port: port || (tls ? 443 : 80), path: pathname, headers: { host }, timeout: 5000, agent: false, rejectUnauthorized: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body = (body + text).slice(0, 200)));
        response.on("error", (error) => resolve({ ready: false, text: error.message }));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          // One that says when to come again is none of Traefik's own: the application is in maintenance.
          const closed = response.headers["retry-after"] !== undefined;
          resolve({ ready: closed || !isProxyAnswer(status, body), text: `status ${status}${closed && status === 503 ? ", maintenance" : ""}` });
        });
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer within 5 s")));
    asked.on("error", (error: NodeJS.ErrnoException) => {
      // Traefik refuses a name that has no certificate yet; it is fetched once the route is there.
      const uncertified = /^(EPROTO|ERR_SSL_)/.test(error.code ?? "");
      resolve({ ready: uncertified, text: uncertified ? "no certificate yet: ./berth logs traefik" : error.message });
    });
    asked.end();
  });
}

/** What Traefik itself says while a route or its servers are missing. */
function isProxyAnswer(status: number, body: string): boolean {
  return (status === 404 && body.trim() === "404 page not found") || [502, 503, 504].includes(status);
}
