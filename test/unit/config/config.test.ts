import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "../../../components/index.ts";
import { checkConfig } from "../../../config/config.ts";
import { loadDefinitions } from "../../../config/definitions.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { type Problem, problemReport } from "../../../config/problems.ts";
import { imageRoles } from "../../../components/docker/platform.ts";
import { rawConfig, shop, type StackFile } from "./raw-config.ts";

const canary = "canary-5f3e91";
const secrets = { "shop:SHOP_KEY": canary };

/** Definitions are loaded for the applications that the stack file names. */
function check(file: StackFile) {
  const named = file.values?.["berth:apps"] ?? JSON.parse(file.secrets?.["berth:apps"] ?? "{}");
  return checkConfig(rawConfig(file), "shop" in (named as object) ? { shop } : {});
}

function problemsOf(file: StackFile): Problem[] {
  const { config, problems } = check(file);
  assert.equal(config === undefined, problems.length > 0, "either a configuration or problems");
  return problems;
}

function configOf(file: StackFile) {
  const { config, problems } = check(file);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}

async function passwordOf(file: StackFile): Promise<string> {
  const password = configOf(file).registryPassword;
  assert.ok(password);
  return await secretValue(password);
}

async function secretValue(output: pulumi.Output<string>): Promise<string> {
  assert.equal(await pulumi.isSecret(output), true);
  return await new Promise((resolve) => void output.apply(resolve));
}

const shopWith = (settings: object): StackFile => ({ values: { "berth:apps": { shop: settings } }, secrets });
const stackWith = (values: Record<string, unknown>): StackFile => ({ values, secrets: {} });

/** Bad input → the one message that it must give: field, what it shows of the value, what is allowed, the fix. */
const cases: [what: string, file: StackFile, expected: { field: string; value: string | RegExp; allowed: RegExp; fix: RegExp }][] = [
  [
    "an unknown key",
    stackWith({ "berth:domian": "example.com" }),
    { field: "berth:domian", value: '"example.com"', allowed: /berth:domain,/, fix: /pulumi config rm -s dev berth:domian/ },
  ],
  [
    "an unknown field of an application",
    shopWith({ replica: 2 }),
    { field: "berth:apps.shop.replica", value: "2", allowed: /known field/, fix: /config rm -s dev --path 'berth:apps\.shop\.replica'/ },
  ],
  [
    "an unknown field of a group",
    stackWith({ "berth:postgres": { memroy: "1GiB" } }),
    { field: "berth:postgres.memroy", value: '"1GiB"', allowed: /known field/, fix: /'berth:postgres\.memroy'/ },
  ],
  [
    "a key of an application that the stack does not have",
    stackWith({ "cart:PORT": "80" }),
    { field: "cart:PORT", value: /not shown/, allowed: /none begins with cart:/, fix: /config rm -s dev cart:PORT/ },
  ],
  [
    "a missing secret",
    { values: { "berth:apps": { shop: {} } } },
    { field: "shop:SHOP_KEY", value: "nothing", allowed: /key that signs carts/, fix: /^pulumi config set -s dev --secret shop:SHOP_KEY \(or \.\/berth secret shop:SHOP_KEY -s dev\)$/ },
  ],
  [
    "an empty secret",
    { values: { "berth:apps": { shop: {} } }, secrets: { "shop:SHOP_KEY": "" } },
    { field: "shop:SHOP_KEY", value: "empty", allowed: /a secret/, fix: /--secret shop:SHOP_KEY/ },
  ],
  [
    "a registry of its own on a remote Docker host",
    stackWith({ "berth:docker": "ssh://me@host" }),
    { field: "berth:registry", value: /ssh:\/\/me@host/, allowed: /both this machine and the Docker host reach/, fix: /berth:registry\.host/ },
  ],
  [
    "a Docker host without encryption",
    stackWith({ "berth:docker": "tcp://10.0.0.2:2375" }),
    { field: "berth:docker", value: '"tcp://10.0.0.2:2375"', allowed: /unix:\/\/.*ssh:\/\//, fix: /berth:docker/ },
  ],
  [
    "a missing password of a remote registry",
    stackWith({ "berth:registry": { owner: "acme", username: "acme" } }),
    { field: "berth:registryPassword", value: "nothing", allowed: /BERTH_REGISTRY_PASSWORD/, fix: /--secret berth:registryPassword/ },
  ],
  [
    "an empty password of a remote registry in the environment",
    { ...stackWith({ "berth:registry": { owner: "acme", username: "acme" } }), environment: { BERTH_REGISTRY_PASSWORD: "" } },
    { field: "berth:registryPassword", value: "nothing", allowed: /a secret/, fix: /--secret berth:registryPassword/ },
  ],
  [
    "a plaintext value where a secret belongs",
    { values: { "berth:apps": { shop: {} }, "shop:SHOP_KEY": canary } },
    { field: "shop:SHOP_KEY", value: "plain text", allowed: /a secret/, fix: /--secret shop:SHOP_KEY.*change its value/ },
  ],
  [
    "a plaintext registry password",
    stackWith({ "berth:registryPassword": canary }),
    { field: "berth:registryPassword", value: "plain text", allowed: /a secret/, fix: /--secret berth:registryPassword/ },
  ],
  [
    "a secret of the application as a plain variable",
    shopWith({ env: { SHOP_KEY: canary } }),
    { field: "berth:apps.shop.env.SHOP_KEY", value: "plain text", allowed: /file that SHOP_KEY_FILE names/, fix: /--secret shop:SHOP_KEY/ },
  ],
  [
    "a database password as a plain variable",
    shopWith({ env: { DATABASE_URL: canary } }),
    { field: "berth:apps.shop.env.DATABASE_URL", value: "plain text", allowed: /DATABASE_URL_FILE/, fix: /Berth sets it/ },
  ],
  [
    "a misspelt secret in plain text",
    stackWith({ "berth:registryPasword": canary }),
    { field: "berth:registryPasword", value: /not shown/, allowed: /berth:registryPassword/, fix: /config rm/ },
  ],
  [
    "a password below a key that has none",
    stackWith({ "berth:registry": { owner: "acme", username: "acme", password: canary } }),
    { field: "berth:registry.password", value: /not shown/, allowed: /known field/, fix: /'berth:registry\.password'/ },
  ],
  [
    "a secret where plain text belongs",
    { secrets: { "berth:domain": "example.com" } },
    { field: "berth:domain", value: "[secret]", allowed: /plain text/, fix: /--plaintext berth:domain/ },
  ],
  [
    "HTTPS of Let's Encrypt without a domain",
    { ...shopWith({}), values: { ...shopWith({}).values, "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com" } } },
    { field: "berth:domain", value: "nothing", allowed: /the world's DNS leads here, for example example\.com: Let's Encrypt/, fix: /config set -s dev berth:domain <domain>, or .*berth:tls\.server.*, or .*config rm .*berth:publish\.https/ },
  ],
  [
    "HTTPS of Let's Encrypt for a name of this machine",
    { ...shopWith({ redirects: ["www.localhost"] }), values: { ...shopWith({ redirects: ["www.localhost"] }).values, "berth:domain": "example.com", "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com", server: "https://acme-staging-v02.api.letsencrypt.org/directory" } } },
    { field: "berth:apps.shop.redirects[0]", value: '"www.localhost"', allowed: /Let's Encrypt proves each name/, fix: /'berth:apps\.shop\.redirects\[0\]' <name>/ },
  ],
  [
    "a proxy that is no address",
    stackWith({ "berth:publish": { trustedProxies: ["10.0.0.0/8", "cdn.example.com"] } }),
    { field: "berth:publish.trustedProxies[1]", value: '"cdn.example.com"', allowed: /networks in CIDR form/, fix: /'berth:publish\.trustedProxies\[1\]'/ },
  ],
  [
    "a time without a unit",
    stackWith({ "berth:publish": { readTimeout: "600" } }),
    { field: "berth:publish.readTimeout", value: '"600"', allowed: /a time with its unit, for example 10s/, fix: /'berth:publish\.readTimeout'/ },
  ],
  [
    "a host name that is no list",
    shopWith({ hosts: "www.example.com" }),
    { field: "berth:apps.shop.hosts", value: '"www.example.com"', allowed: /a list of host names, each in a line of its own that begins with -/, fix: /'berth:apps\.shop\.hosts'/ },
  ],
  [
    "a host name with a capital in a list",
    shopWith({ redirects: ["old.example.com", "WWW.example.com"] }),
    { field: "berth:apps.shop.redirects[1]", value: '"WWW.example.com"', allowed: /small letters/, fix: /--path 'berth:apps\.shop\.redirects\[1\]'/ },
  ],
  [
    "a redirect from the host itself",
    shopWith({ redirects: ["shop.localhost"] }),
    { field: "berth:apps.shop.redirects[0]", value: '"shop.localhost", as is berth:apps.shop.host', allowed: /nothing else/, fix: /'berth:apps\.shop\.redirects\[0\]' <another>/ },
  ],
  [
    "a path with a slash at its end",
    shopWith({ paths: [{ host: "example.com", path: "/shop/" }] }),
    { field: "berth:apps.shop.paths[0].path", value: '"/shop/"', allowed: /without a slash at its end/, fix: /'berth:apps\.shop\.paths\[0\]\.path'/ },
  ],
  [
    "a path of a host that is taken",
    shopWith({ paths: [{ host: "example.com", path: "/shop" }, { host: "example.com", path: "/shop", strip: true }] }),
    { field: "berth:apps.shop.paths[1]", value: '"example.com/shop", as is berth:apps.shop.paths[0]', allowed: /nothing else/, fix: /'berth:apps\.shop\.paths\[1\]\.path' \/<another>/ },
  ],
  [
    "a host for a port that the application does not have",
    shopWith({ ports: { admin: "admin.example.com" } }),
    { field: "berth:apps.shop.ports.admin", value: '"admin.example.com"', allowed: /apps\/shop\/app\.ts names no further port/, fix: /add `admin` to web\.ports in apps\/shop\/app\.ts, or pulumi config rm/ },
  ],
  [
    "a port clash",
    stackWith({ "berth:publish": { http: 5555 }, "berth:registry": { port: 5555 } }),
    { field: "berth:registry.port", value: '"5555", as is berth:publish.http', allowed: /port that nothing else/, fix: /'berth:registry\.port' <another>/ },
  ],
  [
    "a port that is none",
    stackWith({ "berth:publish": { http: 65_536 } }),
    { field: "berth:publish.http", value: "65536", allowed: /from 1 to 65535/, fix: /'berth:publish\.http'/ },
  ],
  [
    "a port for HTTPS that HTTP has",
    stackWith({ "berth:publish": { http: 443, https: 443 }, "berth:tls": { email: "ops@example.com" } }),
    { field: "berth:publish.https", value: '"443", as is berth:publish.http', allowed: /port that nothing else/, fix: /'berth:publish\.https' <another>/ },
  ],
  [
    "HTTPS without an account for certificates",
    stackWith({ "berth:publish": { https: 443 } }),
    { field: "berth:tls", value: "nothing", allowed: /certificates for berth:publish\.https/, fix: /--path 'berth:tls\.email' <address>/ },
  ],
  [
    "an account for certificates without HTTPS",
    stackWith({ "berth:tls": { email: "ops@example.com" } }),
    { field: "berth:publish.https", value: "nothing", allowed: /port for HTTPS, because berth:tls is set/, fix: /'berth:publish\.https' 443, or pulumi config rm -s dev --path 'berth:tls'/ },
  ],
  [
    "an ACME server without HTTPS",
    stackWith({ "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com", server: "http://acme.example.com/directory" } }),
    { field: "berth:tls.server", value: '"http://acme.example.com/directory"', allowed: /directory of an ACME server/, fix: /'berth:tls\.server'/ },
  ],
  [
    "a way to prove names that Berth does not have",
    stackWith({ "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com", challenge: "dns" } }),
    { field: "berth:tls.challenge", value: '"dns"', allowed: /either "http" or "tls-alpn"/, fix: /'berth:tls\.challenge'/ },
  ],
  [
    "an authority whose file does not exist",
    stackWith({ "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com", caCertificate: "absent.pem" } }),
    { field: "berth:tls.caCertificate", value: '"absent.pem", which can\'t be read (ENOENT)', allowed: /PEM file/, fix: /caCertificate' <file>/ },
  ],
  [
    "an authority whose file holds none",
    stackWith({ "berth:publish": { https: 443 }, "berth:tls": { email: "ops@example.com", caCertificate: "package.json" } }),
    { field: "berth:tls.caCertificate", value: '"package.json", which holds no certificate', allowed: /PEM file/, fix: /caCertificate' <file>/ },
  ],
  [
    "a mail server's authority whose file does not exist",
    { values: { "berth:monitoring": { alerts: { mail: { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587", caCertificate: "absent.pem" } } } } },
    { field: "berth:monitoring.alerts.mail.caCertificate", value: '"absent.pem", which can\'t be read (ENOENT)', allowed: /PEM file/, fix: /caCertificate' <file>/ },
  ],
  [
    "a duplicate host name",
    {
      values: { "berth:apps": { shop: {} }, "berth:domain": "example.com", "berth:monitoring": { host: "shop.example.com" } },
      secrets,
    },
    { field: "berth:monitoring.host", value: '"shop.example.com", as is berth:apps.shop.host', allowed: /host name that nothing else/, fix: /<another>/ },
  ],
  [
    "an application without a folder",
    stackWith({ "berth:apps": { cart: {} } }),
    { field: "berth:apps.cart", value: /without a folder/, allowed: /folder under apps\//, fix: /create apps\/cart\/app\.ts/ },
  ],
  [
    "an application with the name of a part",
    stackWith({ "berth:apps": { redis: {} } }),
    { field: "berth:apps.redis", value: /named "redis"/, allowed: /other than berth,/, fix: /rename apps\/redis/ },
  ],
  [
    "an application's name in capitals",
    stackWith({ "berth:apps": { Shop: {} } }),
    { field: "berth:apps.Shop", value: 'the key "Shop"', allowed: /small letters/, fix: /Pulumi\.dev\.yaml/ },
  ],
  ["0 replicas", shopWith({ replicas: 0 }), { field: "berth:apps.shop.replicas", value: "0", allowed: /from 1 to 64/, fix: /'berth:apps\.shop\.replicas'/ }],
  ["an image by its tag", shopWith({ image: "ghcr.io/acme/shop:1" }), { field: "berth:apps.shop.image", value: '"ghcr.io/acme/shop:1"', allowed: /by its digest/, fix: /image/ }],
  ["half a commit", shopWith({ image: `ghcr.io/acme/shop@sha256:${"a".repeat(64)}`, revision: "abc1234" }), { field: "berth:apps.shop.revision", value: '"abc1234"', allowed: /40 hexadecimal/, fix: /revision/ }],
  ["a revision of no image", shopWith({ revision: "a".repeat(40) }), { field: "berth:apps.shop.revision", value: "a".repeat(40), allowed: /nothing without an image/, fix: /config rm .*revision/ }],
  ["negative replicas", shopWith({ replicas: -3 }), { field: "berth:apps.shop.replicas", value: "-3", allowed: /from 1 to 64/, fix: /replicas/ }],
  ["half a replica", shopWith({ replicas: -0.5 }), { field: "berth:apps.shop.replicas", value: "-0.5", allowed: /whole number/, fix: /replicas/ }],
  ["replicas as text", shopWith({ replicas: "2" }), { field: "berth:apps.shop.replicas", value: '"2"', allowed: /whole number/, fix: /replicas/ }],
  [
    "a CIDR with host bits",
    stackWith({ "berth:networks": { edge: "10.83.0.1/24" } }),
    { field: "berth:networks.edge", value: '"10.83.0.1/24"', allowed: /CIDR form with no host bits/, fix: /'berth:networks\.edge'/ },
  ],
  ["a CIDR that is none", stackWith({ "berth:networks": { edge: "10.83.0.0" } }), { field: "berth:networks.edge", value: '"10.83.0.0"', allowed: /CIDR/, fix: /edge/ }],
  [
    "subnets that overlap",
    stackWith({ "berth:networks": { edge: "10.83.0.0/16", monitoring: "10.83.4.0/24" } }),
    { field: "berth:networks.monitoring", value: /overlaps berth:networks\.edge/, allowed: /no other one has/, fix: /<another>/ },
  ],
  ["memory without a unit, as text", shopWith({ memory: "512" }), { field: "berth:apps.shop.memory", value: '"512"', allowed: /MiB or GiB/, fix: /memory/ }],
  ["memory without a unit, as a number", shopWith({ memory: 512 }), { field: "berth:apps.shop.memory", value: "512", allowed: /MiB or GiB/, fix: /memory/ }],
  ["less memory than Docker accepts", shopWith({ memory: "5MiB" }), { field: "berth:apps.shop.memory", value: '"5MiB"', allowed: /at least 6MiB/, fix: /memory/ }],
  ["0 cores", shopWith({ cpus: 0 }), { field: "berth:apps.shop.cpus", value: "0", allowed: /from 0\.01 to 64/, fix: /cpus/ }],
  ["a number as a variable", shopWith({ env: { WORKERS: 4 } }), { field: "berth:apps.shop.env.WORKERS", value: "4", allowed: /in quotes/, fix: /WORKERS/ }],
  [
    "an image without tag and digest",
    stackWith({ "berth:images": { postgres: "postgres" } }),
    { field: "berth:images.postgres", value: '"postgres"', allowed: /tag or a digest/, fix: /'berth:images\.postgres'/ },
  ],
  [
    "an image on a registry with a port, without tag and digest",
    stackWith({ "berth:images": { redis: "localhost:5000/redis" } }),
    { field: "berth:images.redis", value: '"localhost:5000/redis"', allowed: /tag or a digest/, fix: /redis/ },
  ],
  [
    "an image of Berth's own by its tag",
    stackWith({ "berth:images": { postgresBackup: "ghcr.io/acme/berth-postgres:latest" } }),
    { field: "berth:images.postgresBackup", value: '"ghcr.io/acme/berth-postgres:latest"', allowed: /by its digest, for example ghcr\.io\/acme\/berth-postgres@sha256/, fix: /config set -s dev .*'berth:images\.postgresBackup'/ },
  ],
  [
    "an image of Berth's own of no registry",
    stackWith({ "berth:images": { tools: `berth-tools@sha256:${"a".repeat(64)}` } }),
    { field: "berth:images.tools", value: /^"berth-tools@/, allowed: /by its digest/, fix: /tools/ },
  ],
  [
    "an image of a part that does not exist",
    stackWith({ "berth:images": { mongo: "mongo:8" } }),
    { field: "berth:images.mongo", value: '"mongo:8"', allowed: /known field/, fix: /mongo/ },
  ],
  [
    "a registry's owner in capitals",
    { ...stackWith({ "berth:registry": { owner: "Acme", username: "acme" } }), secrets: { "berth:registryPassword": canary } },
    { field: "berth:registry.owner", value: '"Acme"', allowed: /small letters/, fix: /owner/ },
  ],
  ["a registry that is none", stackWith({ "berth:registry": "ghcr.io" }), { field: "berth:registry", value: '"ghcr.io"', allowed: /either \{port: .*\} or \{host: /, fix: /registry/ }],
  ["a group that is a number", stackWith({ "berth:redis": 5 }), { field: "berth:redis", value: '"5"', allowed: /fields of its own/, fix: /redis/ }],
  ["an application that is null", shopWith(null as never), { field: "berth:apps.shop", value: "null", allowed: /fields of its own, .* or \{\}/, fix: /shop/ }],
  ["a Docker host without a scheme", stackWith({ "berth:docker": "berth.example.com" }), { field: "berth:docker", value: '"berth.example.com"', allowed: /ssh:\/\//, fix: /berth:docker/ }],
];

describe("a bad stack file gives exactly one message that names field, stack, value, what is allowed and the fix", () => {
  for (const [what, file, expected] of cases) {
    test(what, () => {
      const problems = problemsOf(file);
      assert.equal(problems.length, 1, JSON.stringify(problems));
      const [problem] = problems as [Problem];
      assert.equal(problem.field, expected.field);
      if (typeof expected.value === "string") assert.equal(problem.value, expected.value);
      else assert.match(problem.value, expected.value);
      assert.match(problem.allowed, expected.allowed);
      assert.doesNotMatch(problem.allowed, /Invalid/, "the schema's own words, not the library's");
      assert.match(problem.fix, expected.fix);
      const report = problemReport("dev", problems);
      assert.match(report, /^stack "dev": 1 problem in Pulumi\.dev\.yaml; nothing was changed\.$/m);
      assert.ok(report.includes(`${expected.field} in stack "dev" is ${problem.value}`));
      assert.ok(!report.includes(canary), "no value of a secret");
    });
  }
});

describe("a stack file with many mistakes", () => {
  test("gives all of them in one report, each once", () => {
    const file: StackFile = {
      values: {
        "berth:domian": "example.com",
        "berth:publish": { http: 5555 },
        "berth:registry": { port: 5555 },
        "berth:networks": { edge: "10.0.0.1/24" },
        "berth:images": { postgres: "postgres" },
        "berth:monitoring": { host: "shop.localhost" },
        "berth:apps": { shop: {}, cart: { replicas: 0, memory: "64" } },
      },
    };
    const fields = problemsOf(file).map(({ field }) => field);
    // Hosts are not compared while the applications themselves are wrong.
    assert.deepEqual(fields.toSorted(), [
      "berth:apps.cart.memory",
      "berth:apps.cart.replicas",
      "berth:domian",
      "berth:images.postgres",
      "berth:networks.edge",
      "berth:registry.port",
      "shop:SHOP_KEY",
    ]);
    assert.match(problemReport("dev", problemsOf(file)), /7 problems/);
  });

  test("shows no value below a key that was set as a secret", () => {
    const apps = JSON.stringify({ shop: { memory: canary, replicas: canary, host: canary, extra: canary, env: { SHOP_KEY: canary } } });
    const problems = problemsOf({ secrets: { ...secrets, "berth:apps": apps } });
    assert.ok(problems.length >= 4);
    assert.ok(!problemReport("dev", problems).includes(canary));
  });

  test("does not ask for secrets while berth:secrets itself is wrong", () => {
    const problems = problemsOf({ values: { "berth:apps": { shop: {} }, "berth:secrets": "maybe" } });
    assert.deepEqual(problems.map(({ field }) => field), ["berth:secrets"]);
  });
});

describe("what is for people who write code", () => {
  const live: AppDefinition = { ...shop, live: { target: "dev", command: ["watch"], source: "/app" } };
  const fieldsOf = (values: Record<string, unknown>, definition = live) =>
    checkConfig(rawConfig({ ...shopWith({}), values: { "berth:apps": { shop: { live: true } }, ...values } }), { shop: definition }).problems.map(({ field, fix }) => [field, fix]);

  test("is taken in dev", () => {
    assert.deepEqual(fieldsOf({ "berth:environment": "dev", "berth:developer": { databases: "db.localhost", mail: "mail.localhost" } }), []);
  });

  test("is refused elsewhere, each with what to type", () => {
    assert.deepEqual(fieldsOf({ "berth:developer": { databases: "db.localhost", mail: "mail.localhost" } }), [
      ["berth:developer.databases", "pulumi config rm -s dev --path 'berth:developer.databases'"],
      ["berth:developer.mail", "pulumi config rm -s dev --path 'berth:developer.mail'"],
      ["berth:apps.shop.live", "pulumi config rm -s dev --path 'berth:apps.shop.live'"],
    ]);
  });

  test("is refused where Traefik is reached from other machines, with what is reached there, and both ways out", () => {
    const problems = (values: Record<string, unknown>) =>
      checkConfig(rawConfig({ ...shopWith({}), values: { "berth:apps": { shop: {} }, "berth:environment": "dev", "berth:publish": { address: "0.0.0.0" }, ...values } }), { shop: live }).problems;
    const found = problems({ "berth:developer": { databases: "db.localhost", mail: "mail.localhost" }, "berth:apps": { shop: { live: true } } });
    assert.deepEqual(found, [
      {
        field: "berth:publish.address",
        value: '"0.0.0.0"',
        allowed: "an address of the loopback, for example 127.0.0.1, beside berth:developer.databases, berth:developer.mail, berth:apps.shop.live: whoever reaches it would use them",
        fix: "pulumi config set -s dev --path 'berth:publish.address' 127.0.0.1, or take those out; on a host without a screen, ssh -L 8080:127.0.0.1:8080 <host> reaches it",
      },
    ]);
    const fields = (values: Record<string, unknown>) => problems(values).map(({ field }) => field);
    for (const address of ["192.168.1.5", "203.0.113.7"]) assert.deepEqual(fields({ "berth:publish": { address }, "berth:developer": { mail: "mail.localhost" } }), ["berth:publish.address"], address);
    for (const address of ["127.0.0.1", "127.1.2.3"]) assert.deepEqual(fields({ "berth:publish": { address }, "berth:developer": { mail: "mail.localhost" } }), [], address);
    assert.deepEqual(fields({}), [], "nothing is there that only a developer may reach");
  });

  test("can't be where an image by its digest runs", () => {
    const image = `ghcr.io/acme/shop@sha256:${"a".repeat(64)}`;
    assert.deepEqual(fieldsOf({ "berth:environment": "dev", "berth:apps": { shop: { live: true, image } } }).map(([field]) => field), ["berth:apps.shop.image"]);
  });

  test("needs a definition that can, and an engine that sees the folder", () => {
    assert.match(fieldsOf({ "berth:environment": "dev" }, shop)[0]?.[1] ?? "", /add `live` to apps\/shop\/app\.ts/);
    const far = fieldsOf({ "berth:environment": "dev", "berth:docker": "ssh://deploy@example.com", "berth:registry": { owner: "acme", username: "acme" } });
    assert.deepEqual(far.map(([field]) => field).filter((field) => field?.startsWith("berth:apps")), ["berth:apps.shop.live"]);
  });
});

test("replicas that would share a volume are refused", () => {
  const definition: AppDefinition = { ...shop, volumes: { data: "/data" } };
  const problems = (replicas: number) => checkConfig(rawConfig({ ...shopWith({}), values: { "berth:apps": { shop: { replicas } } } }), { shop: definition }).problems;
  assert.deepEqual(problems(1), []);
  assert.deepEqual(problems(2).map(({ field, value }) => [field, value]), [["berth:apps.shop.replicas", "2"]]);
});

describe("a good stack file", () => {
  test("that is empty has the documented defaults", () => {
    const { images, ...config } = configOf({});
    assert.deepEqual(config, {
      docker: "unix:///var/run/docker.sock",
      environment: "prod",
      developer: {},
      domain: "localhost",
      publish: { address: "127.0.0.1", http: 8080, readTimeout: "10m" },
      registry: { port: 5555 },
      builds: "careful",
      runtime: "docker",
      secrets: "require",
      networks: {},
      ownImages: {},
      logs: { driver: "json-file", size: "10MiB", files: 3 },
      sizes: {},
      postgres: { memory: "512MiB", cpus: 1, connections: 100, temporaryFiles: "1GiB" },
      redis: { memory: "128MiB", policy: "noeviction" },
      monitoring: { retention: "15d", size: "4GiB" },
      apps: [],
      registryPassword: undefined,
      backupKey: undefined,
      s3Key: undefined,
      s3Secret: undefined,
      alertWebhook: undefined,
      mailPassword: undefined,
    });
    assert.deepEqual(images, Object.fromEntries(imageRoles.map((role) => [role, lock[role]])));
  });

  test("gives each application its defaults, its host name and its secrets as Pulumi secrets", async () => {
    const { apps } = configOf({ ...shopWith({}), values: { "berth:apps": { shop: {} }, "berth:domain": "example.com" } });
    const [app] = apps;
    assert.ok(app);
    const { secrets: values, ...rest } = app;
    assert.deepEqual(rest, {
      name: "shop",
      definition: shop,
      host: "shop.example.com",
      replicas: 1,
      memory: "256MiB",
      cpus: 0.5,
      workers: {},
      env: {},
    });
    const key = values["SHOP_KEY"];
    assert.ok(key);
    assert.equal(await secretValue(key), canary);
  });

  test("that generates secrets leaves those that are not set undefined", () => {
    const { apps } = configOf({ values: { "berth:apps": { shop: {} }, "berth:secrets": "generate" } });
    assert.deepEqual(apps[0]?.secrets, { SHOP_KEY: undefined });
  });

  test("takes the registry's password from the environment as a secret, but a configured one first", async () => {
    const values = { "berth:registry": { owner: "acme", username: "acme" } };
    const environment = { BERTH_REGISTRY_PASSWORD: "from-environment" };
    assert.equal(await passwordOf({ values, environment }), "from-environment");
    assert.equal(await passwordOf({ values, environment, secrets: { "berth:registryPassword": "from-config" } }), "from-config");
  });

  test("takes a registry other than GHCR by setting alone: Amazon ECR's host, and its login with a token of the environment", async () => {
    const registry = { host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com", owner: "acme", username: "AWS" };
    // Of the form that `aws ecr get-login-password` prints: base64, longer than other tokens.
    const token = `${Buffer.from("ecr".repeat(700)).toString("base64")}==`;
    const file = { values: { "berth:registry": registry }, environment: { BERTH_REGISTRY_PASSWORD: token } };
    assert.deepEqual(configOf(file).registry, registry);
    assert.equal(await passwordOf(file), token);
  });

  test("takes the Docker host from the stack file, then from DOCKER_HOST, an empty one counting as none", () => {
    const environment = { DOCKER_HOST: "tcp://10.0.0.2:2376" };
    assert.equal(configOf({ environment }).docker, "tcp://10.0.0.2:2376");
    assert.equal(configOf({ environment: { DOCKER_HOST: "" } }).docker, "unix:///var/run/docker.sock");
    assert.equal(configOf({ environment, values: { "berth:docker": "ssh://me@host", "berth:registry": { owner: "acme", username: "acme" } }, secrets: { "berth:registryPassword": "x" } }).docker, "ssh://me@host");
  });

  test("may set Pulumi's own keys", () => {
    configOf({ values: { "pulumi:disable-default-providers": ["docker"] } });
  });

  test("replaces single images of the lock file", () => {
    const { images } = configOf({ values: { "berth:images": { redis: "valkey/valkey:8.1" } } });
    assert.equal(images.redis, "valkey/valkey:8.1");
    assert.equal(images.postgres, lock.postgres);
  });

  test("names images of Berth's own that were built before, apart from those of the lock file", () => {
    const own = { tools: `ghcr.io/acme/berth-tools@sha256:${"a".repeat(64)}`, postgresBackup: `ghcr.io/acme/berth-postgres@sha256:${"b".repeat(64)}` };
    const { images, ownImages } = configOf({ values: { "berth:images": own } });
    assert.deepEqual(ownImages, own);
    assert.deepEqual(Object.keys(images), [...imageRoles]);
  });
});

test("definitions are loaded for the named applications that have a folder, and for no other", async () => {
  const apps = { root: { replicas: 2 }, nowhere: {}, "../components": {}, members: { folder: "root" }, absent: { folder: "root/src" } };
  assert.deepEqual(Object.keys(await loadDefinitions(apps)), ["root", "members"]);
});
