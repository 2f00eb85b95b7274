import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { plainly } from "../../../components/docker/naming.ts";
import { Networks } from "../../../components/docker/networks.ts";
import { child, customs, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

/** Of a network whose containers don't reach the Docker host. */
const options = { "com.docker.network.bridge.inhibit_ipv4": "true" };
const value = (output: pulumi.Output<string>) => new Promise((resolve) => void output.apply(resolve));

describe("networks", () => {
  test("are one with a way out for Traefik, and internal ones for the edge, the data, monitoring and each application", async () => {
    const { resources, result } = await record(() => new Networks("networks", { platform, named: plainly, apps: ["shop", "cart"] }, onHost()));
    assert.deepEqual(customs(resources), ["Network networks-app-cart", "Network networks-app-shop", "Network networks-data", "Network networks-edge", "Network networks-monitoring", "Network networks-public"]);
    const expected = { driver: "bridge", labels: labels("network") };
    assert.deepEqual(child(resources, "Network", "networks-edge").inputs, { ...expected, name: "berth-test-edge", internal: true, options });
    assert.deepEqual(child(resources, "Network", "networks-public").inputs, { ...expected, name: "berth-test-public", internal: false });
    assert.equal(result.egress, undefined);
    assert.deepEqual(child(resources, "Network", "networks-monitoring").inputs, { ...expected, name: "berth-test-monitoring", internal: true, options });
    assert.deepEqual(child(resources, "Network", "networks-data").inputs, { ...expected, name: "berth-test-data", internal: true, options });
    assert.deepEqual([await value(result.data.name), await value(result.data.nobody)], ["berth-test-data", "172.20.0.1"]);
    for (const app of ["shop", "cart"]) {
      const network = child(resources, "Network", `networks-app-${app}`);
      assert.deepEqual(network.inputs, { name: `berth-test-app-${app}`, driver: "bridge", internal: true, options, labels: labels("network", app) });
      assert.deepEqual([network.parent, network.provider], ["networks", "host"]);
      assert.equal(await value(result.app(app)), `berth-test-app-${app}`);
    }
  });

  test("have another one with a way out where an application may open connections to the world", async () => {
    const { resources, result } = await record(() => new Networks("networks", { platform, named: plainly, apps: [], egress: true }, onHost()));
    assert.deepEqual(child(resources, "Network", "networks-egress").inputs, { name: "berth-test-egress", driver: "bridge", internal: false, labels: labels("network") });
    assert.equal(result.egress === undefined ? undefined : await value(result.egress), "berth-test-egress");
  });

  test("take the subnets that are given, and know the one that the engine chose otherwise", async () => {
    const given = await record(() => new Networks("networks", { platform, named: plainly, apps: [], edgeSubnet: "10.1.0.0/24", monitoringSubnet: "10.2.0.0/24" }, onHost()));
    assert.deepEqual(child(given.resources, "Network", "networks-edge").inputs["ipamConfigs"], [{ subnet: "10.1.0.0/24" }]);
    assert.deepEqual(child(given.resources, "Network", "networks-monitoring").inputs["ipamConfigs"], [{ subnet: "10.2.0.0/24" }]);
    assert.equal(await value(given.result.monitoringSubnet), "10.2.0.0/24");
    assert.deepEqual(given.resources.filter(({ type, deleteBeforeReplace }) => type.includes(":Network") && !type.startsWith("berth:") && deleteBeforeReplace !== true), [], "one of a name makes way for the next");
    const chosen = await record(() => new Networks("networks", { platform, named: plainly, apps: [] }, onHost()));
    assert.equal(await value(chosen.result.monitoringSubnet), "172.20.0.0/16");
  });

  test("are apart from the Docker host where they are internal; one that was made before stays as it is", async () => {
    const ofRuntime = async (runtime: "docker" | "swarm") => {
      const { resources } = await record(() => new Networks("networks", { platform: { ...platform, runtime }, named: plainly, apps: ["shop"], egress: true }, onHost()));
      const networks = resources.filter(({ type }) => type === "docker:index/network:Network");
      for (const { inputs, ignoreChanges } of networks) assert.deepEqual(ignoreChanges, inputs["options"] === undefined ? [] : ["options"]);
      return networks.filter(({ inputs }) => inputs["options"] !== undefined).map(({ name }) => name).toSorted();
    };
    assert.deepEqual(await ofRuntime("docker"), ["networks-app-shop", "networks-data", "networks-edge", "networks-monitoring"]);
    assert.deepEqual(await ofRuntime("swarm"), ["networks-data", "networks-monitoring"], "an overlay has no such option");
  });

  test("refuse to name the network of an unknown application", async () => {
    const { result } = await record(() => new Networks("networks", { platform, named: plainly, apps: ["shop"] }, onHost()));
    assert.throws(() => result.app("cart"), /no network for "cart"; apps are shop/);
  });
});
