import type { HealthRead } from "./health.ts";
import type { ImageFacts } from "./image-config.ts";

/** Ports of other protocols than HTTP: ssh, mail, DNS, databases, queues. */
const otherProtocols = new Set([21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2222, 3306, 5432, 5672, 6379, 8883, 11_211, 27_017]);
/** Where an image serves TLS itself, it mostly serves HTTP beside. */
const tls = new Set([443, 8443]);

/**
 * The port that requests go to: of those that the image exposes for TCP the one that its PORT or its health check names, or
 * else the first that is none of another protocol. Undefined where nothing says one.
 *
 * @param order Ports in the order in which the Dockerfile has them.
 * @param sample PORT of the sample of variables, which counts where the image says nothing.
 */
export function portOf({ ports, env }: Pick<ImageFacts, "ports" | "env">, health: HealthRead, order: readonly number[] = [], sample?: string): number | undefined {
  const exposed = ports.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port);
  const sorted = [...order.filter((port) => exposed.includes(port)), ...exposed.filter((port) => !order.includes(port))];
  const named = [portIn(env["PORT"]), health.port].filter((port) => port !== undefined);
  const likely = sorted.filter((port) => !otherProtocols.has(port));
  return named.find((port) => exposed.includes(port)) ?? likely.find((port) => !tls.has(port)) ?? likely[0] ?? sorted[0] ?? named[0] ?? portIn(sample);
}

/** A text as the number of a port, if it is one. */
export function portIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}
