import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { plainly } from "../../../components/docker/naming.ts";
import { DatabaseBrowser } from "../../../components/developer/database-browser.ts";
import { DeveloperTools } from "../../../components/developer/developer-tools.ts";
import { MailCatcher } from "../../../components/developer/mail-catcher.ts";
import { child, customs, hardening, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const settled = <T>(output: { apply(f: (value: T) => void): unknown }) => new Promise<T>((resolve) => void output.apply(resolve));

describe("the database browser", () => {
  test("is on the edge and one data network, hardened, and holds no password", async () => {
    const args = { platform, edgeNetwork: "edge", postgres: { network: "data", server: "postgres-server" }, host: "db.localhost" };
    const { resources, result } = await record(() => new DatabaseBrowser("adminer", args, onHost()));
    assert.deepEqual(customs(resources), ["Container adminer"]);
    const { inputs, secretInputs } = child(resources, "Container", "adminer");
    assert.deepEqual([inputs["networksAdvanced"], inputs["user"], inputs["mounts"], secretInputs], [[{ name: "edge" }, { name: "data" }], "65534:65534", undefined, []]);
    const { readOnly, capabilities, memory } = hardening({ memory: 128 });
    assert.deepEqual([inputs["readOnly"], inputs["capabilities"], inputs["memory"]], [readOnly, capabilities, memory]);
    assert.deepEqual(await settled(pulumi.output(result.route)), { name: "adminer", host: "db.localhost", servers: ["adminer-0a1b2c3"], port: 8080, healthPath: "/" });
  });
});

describe("the mail catcher", () => {
  test("is `mail` to every application, on networks without a way out", async () => {
    const args = { platform, edgeNetwork: "edge", networks: ["shop", "cart"], host: "mail.localhost" };
    const { resources, result } = await record(() => new MailCatcher("mail", args, onHost()));
    const { inputs } = child(resources, "Container", "mail");
    assert.deepEqual(inputs["networksAdvanced"], [{ name: "edge" }, { name: "shop", aliases: ["mail"] }, { name: "cart", aliases: ["mail"] }]);
    assert.deepEqual(result.route.port, 1080);
  });
});

describe("the developer's tools", () => {
  const args = { platform, edgeNetwork: "edge", postgres: { network: "data", server: "postgres-server" }, appNetworks: ["shop", "cart"] };

  test("are nothing without a host name", async () => {
    const { resources, result } = await record(() => new DeveloperTools("developer", { ...args, named: plainly }, onHost()));
    assert.deepEqual([customs(resources), result.routes], [[], []]);
  });

  test("are those that have one; without a database there is nothing to browse", async () => {
    const both = { databases: "db.localhost", mail: "mail.localhost" };
    const { resources, result } = await record(() => new DeveloperTools("developer", { ...args, named: plainly, ...both }, onHost()));
    assert.deepEqual([customs(resources), result.routes.length], [["Container adminer", "Container mail"], 2]);
    const none = await record(() => new DeveloperTools("developer", { ...args, named: plainly, ...both, postgres: undefined }, onHost()));
    assert.deepEqual(customs(none.resources), ["Container mail"]);
  });
});
