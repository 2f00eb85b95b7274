import { application, least } from "../application-program.ts";
import { record } from "../recorder.ts";

// Prints what an application with a failing migration registers, and what is rejected.
const messages: string[] = [];
process.on("unhandledRejection", (error) => void messages.push(String(error)));
const program = application({ ...least, jobs: { migrate: ["shop", "migrate"] } });
const { resources } = await record(program, { more: { "shop-migrate": { exitCode: 1, containerLogs: "no such table" } } });
console.log(JSON.stringify({ messages, resources: resources.map(({ name }) => name) }));
process.exit(0);
