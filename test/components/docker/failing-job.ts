import * as pulumi from "@pulumi/pulumi";
import { Job } from "../../../components/docker/job.ts";
import { onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

// Prints what is said of a job that fails, and prints what it was given.
const messages: string[] = [];
process.on("unhandledRejection", (error) => void messages.push(String(error)));
const secrets = [pulumi.secret("canary-1"), pulumi.secret("canary-2")];
const job = () => new Job("migrate", { platform, image: "i", entrypoint: ["x"], user: "1:1", secrets }, onHost());
await record(job, { more: { migrate: { exitCode: 1, containerLogs: "password canary-1 refused at postgres://me:canary-2@db" } } });
console.log(JSON.stringify(messages));
process.exit(0);
