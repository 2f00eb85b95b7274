import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";

type Runtime = typeof import("@pulumi/pulumi/runtime/index.js");

/** The SDK's state store, which it does not declare. */
interface RuntimeState {
  withLocalStorage: <T>(callback: () => T) => T;
  getStore: () => { settings: { engine?: unknown; options: Record<string, unknown> } };
}

export interface Sdk {
  runtime: Runtime;
  state: RuntimeState;
  require: NodeJS.Require;
}

/**
 * The version of the SDK whose inner parts are used here and in monitor.ts. The SDK has no public way to run a program
 * without an engine that keeps secrets, parents and options: its mocks drop all three.
 */
export const sdkVersion = "3.270.0";

/**
 * Loads the Pulumi SDK that the program in `projectDir` uses. Throws where it is not {@link sdkVersion}. What the SDK needs only to serialise functions (the
 * TypeScript compiler and npm's dependency tree, two thirds of its loading time) is loaded on first use instead, and its
 * search for leaked promises, which takes a stack for each of the eighty promises of a resource, is off.
 */
export function loadSdk(projectDir: string): Sdk {
  const require = createRequire(resolve(projectDir, "package.json"));
  requireKnown(require, projectDir);
  const own = createRequire(require.resolve("@pulumi/pulumi"));
  loadLater(own, own.resolve("./typescript-shim.js"));
  loadLater(own, own.resolve("@npmcli/arborist"));
  const debugging = own("./runtime/debuggable") as { debuggablePromise: <T>(promise: T) => T };
  debugging.debuggablePromise = (promise) => promise;
  return {
    runtime: require("@pulumi/pulumi/runtime") as Runtime,
    state: require("@pulumi/pulumi/runtime/state") as RuntimeState,
    require,
  };
}

function requireKnown(require: NodeJS.Require, projectDir: string): void {
  const { version } = require("@pulumi/pulumi/package.json") as { version: string };
  if (version === sdkVersion) return;
  throw new Error(
    [
      `@pulumi/pulumi in ${projectDir} is ${version}; the policy check and the embedded engine know the inner parts of ${sdkVersion} alone.`,
      `Write "@pulumi/pulumi": "${sdkVersion}" in package.json and run npm ci. To move the SDK, check pulumi/sdk.ts and pulumi/monitor.ts against ${version} and set sdkVersion there.`,
    ].join("\n"),
  );
}

/** Puts a stand-in into the module cache that loads the real module when one of its properties is read. */
function loadLater(require: NodeJS.Require, path: string): void {
  if (require.cache[path] !== undefined) {
    return;
  }
  let real: Record<string | symbol, unknown> | undefined;
  const exports = new Proxy(
    {},
    {
      get(_target, key) {
        if (key === "__esModule") {
          return true;
        }
        if (real === undefined) {
          delete require.cache[path];
          real = require(path) as Record<string | symbol, unknown>;
        }
        return real[key];
      },
    },
  );
  const stub: Partial<NodeJS.Module> = { id: path, filename: path, path: dirname(path), loaded: true, exports, children: [], paths: [] };
  require.cache[path] = stub as NodeJS.Module;
}
