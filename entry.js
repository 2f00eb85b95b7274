import { existsSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "@pulumi/pulumi";

/**
 * What Pulumi runs: index.ts, whose types a Node before 22.18 can't read. Such a one says `Unknown file extension ".ts"`;
 * so this file is JavaScript, and says what is to be done.
 */
export default async () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return { ...(await import("./index.ts")) };
  const own = ["x64", "arm64"].map((cpu) => join(import.meta.dirname ?? process.cwd(), `.berth/tools/node/node_modules/node-linux-${cpu}/bin`)).find((path) => existsSync(path));
  const way = own === undefined ? "./berth up installs one for itself; for plain pulumi install Node 24 from https://nodejs.org" : `./berth has one: export PATH=${own}:$PATH, then run this again`;
  throw new RunError(`this program needs Node 22.18 or later, and the node on PATH is ${process.versions.node}. ${way}.`);
};
