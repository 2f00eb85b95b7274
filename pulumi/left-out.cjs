"use strict";
// In place of the packages that without-serialization.js leaves out.
module.exports = new Proxy(
  { __esModule: true },
  {
    get(target, name) {
      if (name in target || typeof name === "symbol" || name === "then") return target[name];
      throw new Error("this program turns a function into text, as dynamic providers do, and pulumi/without-serialization.js leaves out what the SDK needs for it: take the line nodeargs out of Pulumi.yaml, and the import of that file out of engine/worker.ts and cli/policy/worker.ts");
    },
  },
);
