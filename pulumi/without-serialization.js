import module from "node:module";

/**
 * Leaves out what the Pulumi SDK loads to turn functions into text, for dynamic providers: the TypeScript compiler and
 * npm's arborist. They are half of what the SDK loads, 0.27 s of processor time in each run, and this program has no
 * such function. A program that has one is told so. JavaScript, as Pulumi.yaml names it for Node before 22.18 too.
 */
const left = new Set(["typescript", "@npmcli/arborist"]);
const nothing = new URL("left-out.cjs", import.meta.url).href;

module.registerHooks?.({
  resolve: (specifier, context, next) =>
    left.has(specifier) && context.parentURL?.includes("/@pulumi/pulumi/") ? { url: nothing, format: "commonjs", shortCircuit: true } : next(specifier, context),
});
