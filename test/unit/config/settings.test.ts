import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { checkConfig } from "../../../config/config.ts";
import { fields, schema } from "../../../config/settings.ts";
import { imageRoles } from "../../../components/docker/platform.ts";
import { mebibytes } from "../../../config/settings/values.ts";
import { rawConfig, shop } from "./raw-config.ts";

const words = (pattern: RegExp) => fc.stringMatching(pattern);
const label = words(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const port = fc.integer({ min: 1, max: 65_535 });
const memory = fc.oneof(
  fc.integer({ min: 128, max: 1_000_000 }).map((size) => `${size}MiB`),
  fc.integer({ min: 1, max: 1000 }).map((size) => `${size}GiB`),
);
const cpus = fc.integer({ min: 1, max: 6400 }).map((hundredths) => hundredths / 100);
const digest = words(/^[0-9a-f]{64}$/).map((hex) => `@sha256:${hex}`);
const repository = fc
  .tuple(fc.option(fc.tuple(host, fc.option(port, { nil: undefined })), { nil: undefined }), fc.array(words(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/), { minLength: 1, maxLength: 3 }))
  .map(([registry, path]) => {
    const address = registry === undefined ? [] : [`${registry[0]}${registry[1] === undefined ? "" : `:${registry[1]}`}`];
    return [...address, ...path].join("/");
  });
const tag = words(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/).map((name) => `:${name}`);
const image = fc.tuple(repository, fc.oneof(tag, digest, fc.tuple(tag, digest).map((both) => both.join("")))).map((parts) => parts.join(""));
const built = fc.tuple(words(/^[a-z0-9]{1,8}(:[1-9][0-9]{0,3})?$/), repository, digest).map(([registry, path, pinned]) => `${registry}/${path.replace(/^.*:\d+\//, "")}${pinned}`);
const network = fc.tuple(fc.nat(2 ** 32 - 1), fc.integer({ min: 16, max: 28 })).map(([bits, length]) => {
  const base = bits - (bits % 2 ** (32 - length));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${length}`;
});
const some = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { requiredKeys: [] });

/** Every shape of a stack file that is right, apart from clashes between its parts. */
const settings = some({
  docker: fc.constantFrom("unix:///run/docker.sock", "unix:///var/run/docker.sock"),
  domain: host,
  publish: some({ address: fc.ipV4(), http: port }),
  registry: fc.oneof(
    fc.record({ port }),
    fc.record({ host, owner: words(/^[a-z0-9]{1,8}([-/][a-z0-9]{1,8})?$/), username: words(/^[a-zA-Z0-9@._-]{1,12}$/) }, { requiredKeys: ["owner", "username"] }),
  ),
  secrets: fc.constantFrom("require" as const, "generate" as const),
  networks: some({ edge: network }),
  images: some({ ...Object.fromEntries(imageRoles.map((role) => [role, image])), tools: built, postgresBackup: built }),
  // As many connections as the least memory holds.
  postgres: some({ memory, cpus, connections: fc.integer({ min: 10, max: 60 }), temporaryFiles: memory, settings: some({ work_mem: fc.constantFrom("4MB", 64), jit: fc.boolean() }) }).map((given) => ({ connections: 20, ...given })),
  sizes: some({ traefik: some({ memory, cpus }), loki: some({ cpus }) }),
  redis: some({ memory, policy: fc.constantFrom("noeviction", "allkeys-lru", "volatile-ttl") }),
  monitoring: some({ retention: words(/^[1-9][0-9]{0,3}[dwy]$/), size: fc.constantFrom("512MiB", "20GiB"), host: fc.constant("prometheus.internal.example"), alerts: fc.constantFrom({ webhook: true }, { mail: { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587", username: "berth" } }), grafana: fc.constant({ host: "grafana.internal.example" }) }),
  logs: fc.oneof(some({ driver: fc.constant("json-file" as const), size: memory, files: fc.integer({ min: 1, max: 20 }) }).map((given) => ({ ...given, driver: "json-file" as const })), fc.record({ driver: fc.constant("loki" as const), retention: words(/^[1-9][0-9]{0,3}[dwy]$/) }, { requiredKeys: ["driver"] })),
  apps: some({
    shop: some({
      replicas: fc.integer({ min: 1, max: 64 }),
      memory,
      cpus,
      host,
      hosts: fc.uniqueArray(host.map((name) => `hosts.${name}`), { minLength: 1, maxLength: 3 }),
      redirects: fc.uniqueArray(host.map((name) => `redirects.${name}`), { minLength: 1, maxLength: 3 }),
      paths: fc.uniqueArray(fc.record({ host, path: words(/^(\/[A-Za-z0-9._~-]{1,6}){1,3}$/), strip: fc.boolean() }, { requiredKeys: ["host", "path"] }), { minLength: 1, maxLength: 3, selector: (one) => one.host + one.path }),
      env: fc.dictionary(words(/^[A-Z_][A-Z0-9_]{0,8}$/), fc.string()),
    }),
  }),
});

describe("settings", () => {
  test("that are right are accepted, and survive the engine's raw text form unchanged", () => {
    fc.assert(
      fc.property(settings, (written) => {
        fc.pre(written.registry === undefined || !("port" in written.registry) || written.registry.port !== (written.publish?.http ?? 8080));
        fc.pre(written.publish?.http !== 5555);
        const file = {
          values: Object.fromEntries(Object.entries(written).map(([name, value]) => [`berth:${name}`, value])),
          secrets: { ...(written.apps?.shop && { "shop:SHOP_KEY": "x" }), "berth:registryPassword": "x", ...(written.monitoring?.alerts !== undefined && { "berth:alertWebhook": "x", "berth:mailPassword": "x" }) },
        };
        const { config, problems } = checkConfig(rawConfig(file), written.apps?.shop === undefined ? {} : { shop });
        assert.deepEqual(problems, []);
        const { apps, images, ownImages, docker, registryPassword, backupKey: _, s3Key: __, s3Secret: ___, alertWebhook: _a, mailPassword: _b, ...rest } = config ?? assert.fail();
        const expected = schema.parse(written);
        const { apps: expectedApps, images: ____, docker: _____, ...expectedRest } = expected;
        assert.deepEqual(rest, expectedRest);
        assert.equal(docker, written.docker ?? "unix:///var/run/docker.sock");
        assert.ok(registryPassword);
        for (const [role, reference] of Object.entries(written.images ?? {})) assert.equal({ ...images, ...ownImages }[role as "redis"], reference);
        assert.equal(apps.length, Object.keys(expectedApps).length);
        for (const { name, definition: _, secrets: __, ...app } of apps) {
          const given = expectedApps[name] ?? assert.fail();
          const { folder: _, ...own } = given;
          const defaults = { replicas: 1, memory: "256MiB", cpus: 0.5, workers: {} };
          assert.deepEqual(app, { ...defaults, ...own, host: given.host ?? `${name}.${expected.domain}` });
        }
      }),
      { numRuns: 200 },
    );
  });

  test("with one unknown key anywhere are refused with that key alone", () => {
    fc.assert(
      fc.property(fc.constantFrom("publish", "networks", "postgres", "redis", "monitoring"), words(/^[a-z]{13}$/), (group, key) => {
        const { problems } = checkConfig(rawConfig({ values: { [`berth:${group}`]: { [key]: 1 } } }), {});
        assert.deepEqual(problems.map(({ field }) => field), [`berth:${group}.${key}`]);
      }),
    );
  });

  test("never throw, whatever the stack file holds: there is a configuration or a list of problems", () => {
    const keys = fc.oneof(fc.constantFrom(...Object.keys(fields)), fc.string());
    fc.assert(
      fc.property(fc.dictionary(keys.map((key) => `berth:${key}`), fc.oneof(fc.jsonValue(), fc.string())), (values) => {
        const { config, problems } = checkConfig(rawConfig({ values }), {});
        assert.equal(config === undefined, problems.length > 0);
      }),
      { numRuns: 300 },
    );
  });
});

const accepts = (field: "images" | "networks", value: object) => fields[field].safeParse(value).success;

describe("an image reference", () => {
  test("with a tag, a digest or both is accepted", () => {
    fc.assert(fc.property(image, (reference) => assert.ok(accepts("images", { redis: reference }), reference)));
  });

  test("without tag and digest is refused, whatever its registry's port", () => {
    fc.assert(fc.property(repository, (reference) => {
      // `name:123` reads as a tag: a port must have a path after it.
      fc.pre(!/:\d+$/.test(reference));
      assert.ok(!accepts("images", { redis: reference }), reference);
    }));
  });

  for (const reference of ["", ":tag", "Redis:8", "redis:", "redis:8@sha256:abc", "redis @sha256", "redis:8 ", "redis:-8", "/redis:8", "redis//x:8", `redis:${"a".repeat(129)}`, "redis@sha512:00"]) {
    test(`"${reference.slice(0, 20)}" is refused`, () => assert.ok(!accepts("images", { redis: reference })));
  }
});

describe("a network", () => {
  test("in CIDR form with no host bits, from /16 to /28, is accepted", () => {
    fc.assert(fc.property(network, (cidr) => assert.ok(accepts("networks", { edge: cidr }), cidr)));
  });

  test("with any host bit set is refused", () => {
    fc.assert(
      fc.property(network, fc.nat(), (cidr, seed) => {
        const [base = "", length] = cidr.split("/");
        const octets = base.split(".").map(Number);
        const bit = seed % (32 - Number(length));
        const at = 3 - Math.floor(bit / 8);
        octets[at] = (octets[at] ?? 0) + 2 ** (bit % 8);
        assert.ok(!accepts("networks", { edge: `${octets.join(".")}/${length}` }));
      }),
    );
  });

  for (const cidr of ["10.0.0.0", "10.0.0.0/8", "10.0.0.0/29", "10.0.0.0/33", "10.0.0.256/24", "10.0.0/24", "fd00::/64", "10.0.0.0/024", " 10.0.0.0/24", "010.0.0.0/24"]) {
    test(`"${cidr}" is refused`, () => assert.ok(!accepts("networks", { edge: cidr })));
  }
});

test("a size is the same in MiB and GiB", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), (size) => mebibytes(`${size}GiB`) === mebibytes(`${size * 1024}MiB`)));
  assert.equal(mebibytes("256MiB"), 256);
});
