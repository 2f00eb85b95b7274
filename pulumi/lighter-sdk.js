import module, { createRequire } from "node:module";

/**
 * Leaves out what the Pulumi SDK loads and no program of Berth uses: the TypeScript compiler and npm's arborist, which
 * turn functions into text for dynamic providers, and the Automation API. They are two thirds of what it loads, 0.35 s of
 * processor time in each run. A program that uses one is told so. JavaScript, as Pulumi.yaml names it, and an older Node
 * must come as far as entry.js, which says what is needed.
 */
const leftOut = ["typescript", "@npmcli/arborist", "@pulumi/pulumi/automation"];

const require = createRequire(import.meta.resolve("@pulumi/pulumi/package.json"));

for (const name of leftOut) {
  const file = require.resolve(name);
  const get = (target, key) => {
    if (key in target || typeof key === "symbol") return target[key];
    throw new Error(`this program uses ${key} of ${name}, by itself or for a dynamic provider, and pulumi/lighter-sdk.js leaves ${name} out: take that name out of its list`);
  };
  require.cache[file] = Object.assign(new module.Module(file), { exports: new Proxy({ __esModule: true }, { get }), loaded: true });
}

/** The SDK notes the stack of each of its promises, for whoever looks for one that never ends: a third of a program's processor time. */
const debuggable = require("@pulumi/pulumi/runtime/debuggable");
if (!debuggable.debugPromiseLeaks) {
  const { debuggablePromise } = debuggable;
  debuggable.debuggablePromise = (promise, context) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}
