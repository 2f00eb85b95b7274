// A program of its own, which loads nothing else: it runs twice a second while the container starts.
import { get } from "node:http";

const port = process.env["PORT"] || "3000";
const request = get({ host: "127.0.0.1", port, path: "/health", timeout: 4000 }, (response) => {
  process.exitCode = response.statusCode === 200 ? 0 : 1;
  response.pipe(process.stdout);
});
request.on("timeout", () => request.destroy(new Error("no answer in 4 s")));
request.on("error", (error) => {
  process.stderr.write(`no answer on 127.0.0.1:${port}: ${error.message}\n`);
  process.exitCode = 1;
});
