import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { renderPage } from "../../../components/app/maintenance-page.ts";
import { application as make, least } from "../application-program.ts";
import { child, filesVolume, hardening, labels } from "../platform.ts";
import { record } from "../recorder.ts";

const maintenance = { message: "Back at 14:00 <soon> & well.", retryAfter: 600, allow: ["203.0.113.7"] };

describe("an application in maintenance", () => {
  test("has one more container, which serves a page on the edge network alone; its own are as they were", async () => {
    const [open, closed] = [await record(make(least)), await record(make(least, { maintenance }))];
    const { inputs, deleteBeforeReplace } = child(closed.resources, "Container", "shop-maintenance");
    assert.deepEqual([inputs["image"], inputs["user"], inputs["networksAdvanced"], deleteBeforeReplace], ["toolbox@sha256:1", "65531:65531", [{ name: "edge" }], false]);
    assert.deepEqual(inputs["mounts"], [{ type: "volume", source: filesVolume("shop-maintenance-files"), target: "/etc/berth", readOnly: true }]);
    assert.deepEqual(inputs["labels"], labels("maintenance-shop"));
    assert.deepEqual(Object.fromEntries(Object.keys(hardening({ memory: 32 })).map((key) => [key, inputs[key]])), hardening({ memory: 32, cpus: "0.25" }));
    const { page, allow } = closed.result.routes[0]?.maintenance ?? assert.fail();
    assert.deepEqual(allow, ["203.0.113.7"]);
    assert.match(await new Promise<string>((resolve) => void pulumi.output(page).apply(resolve)), /^http:\/\/shop-maintenance-\w+:8080$/);
    assert.deepEqual(open.result.routes[0]?.maintenance, undefined);
    for (const replica of ["shop-web-0", "shop-web-1"]) assert.deepEqual(child(closed.resources, "Container", replica).inputs, child(open.resources, "Container", replica).inputs);
  });

  test("serves its page whatever is asked, with when to come again, while somebody else dawdles", async () => {
    const { resources } = await record(make(least, { maintenance }));
    const { entrypoints, command } = child(resources, "Container", "shop-maintenance").inputs as { entrypoints: string[]; command: string[] };
    const folder = mkdtempSync(join(tmpdir(), "berth-page-"));
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    const file = join(folder, "page.html");
    writeFileSync(file, renderPage(maintenance.message));
    const server = spawn(entrypoints[0] ?? "", [...entrypoints.slice(1), file, String(port), command[2] ?? ""], { stdio: ["ignore", "ignore", "inherit"] });
    try {
      const dawdler = await connected(port);
      for (const path of ["/", "/api/orders?x=1"]) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { "X-Long": "a".repeat(4000) } });
        assert.deepEqual([answer.status, answer.headers.get("retry-after"), answer.headers.get("content-type")], [200, "600", "text/html; charset=utf-8"]);
        assert.equal(await answer.text(), renderPage(maintenance.message));
      }
      dawdler.destroy();
    } finally {
      server.kill();
      await once(server, "exit");
      rmSync(folder, { recursive: true });
    }
  });

  test("says its message as text, never as HTML", () => assert.match(renderPage(maintenance.message), /<p>Back at 14:00 &lt;soon&gt; &amp; well\.<\/p>/));
});

/** A connection to what is about to listen. */
async function connected(port: number): Promise<ReturnType<typeof connect>> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const [event] = await Promise.race([once(socket, "connect").then(() => ["connect"]), once(socket, "close").then(() => ["close"])]).catch(() => ["close"]);
    if (event === "connect") return socket;
  }
}
