import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { Job } from "../../../components/docker/job.ts";
import { recordRelease } from "../../../components/release/release.ts";
import { onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

// Prints whether a release is recorded where the job that writes a route ends with the exit code that is given.
// The stack has no outputs yet, of which the mocks can't tell.
MockMonitor.prototype.invoke = (_, callback) => {
  callback(null, { getReturn: () => ({ toJavaScript: () => ({}) }), getFailuresList: () => [] });
  return Promise.resolve();
};
const exitCode = Number(process.argv[2]);
let recorded = false;
process.on("unhandledRejection", () => undefined);
const program = () =>
  pulumi.runtime.runInPulumiStack(async () => {
    new Job("route-shop", { platform, image: "i", entrypoint: ["x"], user: "1:1" }, onHost());
    recordRelease({ images: {}, origin: () => ({ by: "Ada", from: { host: "laptop" }, revisions: {} }), config: {}, secrets: {} }).apply(() => {
      recorded = true;
    });
    return Promise.resolve({});
  });
await record(program, { more: { "route-shop": { exitCode, containerLogs: "" } } });
console.log(recorded);
process.exit(0);
