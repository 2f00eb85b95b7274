import { z } from "zod";
import { group } from "./values.ts";

const allowed = "an IPv4 network in CIDR form with no host bits set, from /16 to /28, for example 10.83.0.0/24";
const cidr = z.cidrv4({ error: allowed, abort: true }).refine((network) => isNetwork(network), allowed);

export const networks = group({ edge: cidr.optional(), monitoring: cidr.optional() }).prefault({}).describe("Fixed subnets. Default: chosen by the Docker Engine.");

function isNetwork(network: string): boolean {
  const [base = "", prefix = ""] = network.split("/");
  const length = Number(prefix);
  const bits = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return length >= 16 && length <= 28 && bits % 2 ** (32 - length) === 0;
}
