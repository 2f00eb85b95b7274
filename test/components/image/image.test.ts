import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Image } from "../../../components/image/image.ts";
import { child, customs, onHost } from "../platform.ts";
import { record } from "../recorder.ts";

const registry = { prefix: "ghcr.io/acme", address: "ghcr.io", username: "acme", password: pulumi.secret("hidden") };
const build = (more: object = {}) => () =>
  new Image(
    "shop-image",
    { registry, repository: "shop", context: "/apps/shop", pullProvider: new docker.Provider("pull", { host: "unix:///test.sock" }), ...more },
    onHost(),
  );

describe("an application's image", () => {
  test("is built by buildx, pushed with the login, and pulled back by the digest that the registry gave", async () => {
    const { resources, result } = await record(build());
    assert.deepEqual(customs(resources), ["Image shop-image", "RemoteImage shop-image-pulled"]);
    const built = child(resources, "Image", "shop-image");
    assert.deepEqual(built.inputs, {
      tags: ["ghcr.io/acme/shop:build"],
      context: { location: "/apps/shop" },
      dockerfile: { location: "/apps/shop/Dockerfile" },
      labels: {},
      push: true,
      exec: true,
      builder: { name: "default" },
      registries: [{ address: "ghcr.io", username: "acme", password: "hidden" }],
      // Defaults of the SDK; with a push, a preview does not build all the same.
      buildOnPreview: true,
      network: "default",
    });
    const digest = await new Promise<string>((resolve) => void result.digest.apply(resolve));
    const pulled = child(resources, "RemoteImage", "shop-image-pulled");
    assert.deepEqual(pulled.inputs, { name: `ghcr.io/acme/shop:build@${digest}`, keepLocally: true });
    assert.equal(await new Promise((resolve) => void result.ref.apply(resolve)), `ghcr.io/acme/shop:build@${digest}`);
    assert.deepEqual([built.retainOnDelete, built.parent, pulled.parent, pulled.provider], [true, "shop-image", "shop-image", "pull"]);
    assert.ok(pulled.dependsOn.includes("shop-image"));
  });

  test("keeps the password a secret, and nothing else", async () => {
    const { resources } = await record(build());
    assert.deepEqual(child(resources, "Image", "shop-image").secretInputs, ["registries.0.password"]);
    assert.deepEqual(child(resources, "RemoteImage", "shop-image-pulled").secretInputs, []);
  });

  test("keeps what its build mounts a secret", async () => {
    const { resources } = await record(build({ buildSecrets: { npm: "canary" } }));
    const { inputs, secretInputs } = child(resources, "Image", "shop-image");
    assert.deepEqual(inputs["secrets"], { npm: "canary" });
    assert.ok(secretInputs.some((path) => path.startsWith("secrets")), secretInputs.join());
  });

  test("that was built before is pulled by its digest, and nothing is built", async () => {
    const built = `ghcr.io/acme/shop@sha256:${"a".repeat(64)}`;
    const { resources, result } = await record(build({ built }));
    assert.deepEqual(customs(resources), ["RemoteImage shop-image-pulled"]);
    const pulled = child(resources, "RemoteImage", "shop-image-pulled");
    assert.deepEqual(pulled.inputs, { name: built, keepLocally: true });
    assert.deepEqual([pulled.parent, pulled.provider], ["shop-image", "pull"]);
    assert.equal(await new Promise((resolve) => void result.ref.apply(resolve)), built);
    assert.equal(await new Promise((resolve) => void result.digest.apply(resolve)), `sha256:${"a".repeat(64)}`);
  });

  test("begins with the layers of the newest one where the registry keeps them", async () => {
    const { resources } = await record(build({ registry: { ...registry, cache: true } }));
    const { cacheFrom, cacheTo } = child(resources, "Image", "shop-image").inputs;
    assert.deepEqual({ cacheFrom, cacheTo }, { cacheFrom: [{ registry: { ref: "ghcr.io/acme/shop:build" } }], cacheTo: [{ inline: {} }] });
  });

  test("passes target and build arguments on", async () => {
    const { resources } = await record(build({ target: "distroless", buildArgs: { VERSION: "1" } }));
    const { target, buildArgs } = child(resources, "Image", "shop-image").inputs;
    assert.deepEqual({ target, buildArgs }, { target: "distroless", buildArgs: { VERSION: "1" } });
  });
});
